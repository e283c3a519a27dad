import Foundation
import InMemoryBroker
import Messaging
import MessagingHub
import Testing

@testable import hub

/// `hub publish` and `hub consume`.
@Suite(.timeLimit(.minutes(5))) struct ConsumeTests {
    private func consume(
        _ bench: CopyBench, _ word: String, _ edit: (inout ConsumeOptions) -> Void = { _ in }
    ) async -> (status: hub.ExitStatus, messages: [Message], console: RecordingConsole) {
        var options = ConsumeOptions(topic: word)
        edit(&options)
        let console = RecordingConsole()
        let status = await ConsumeJob(options, console.console(), factories: bench.backend.factories).run()
        let lines = console.output.split(separator: "\n")
        let messages = lines.compactMap { try? MessageRecord.message(Array($0.utf8), id: MessageID()) }
        return (status, messages, console)
    }

    @Test(arguments: CopyBackend.kinds)
    func showingTakesNothing(_ backend: CopyBackend, _ kind: DestinationKind) async throws {
        let bench = try await CopyBench(backend)
        let sets = CopyBench.messages(300)
        try await bench.fill("a", kind, sets)
        for count in [nil, 300, 7] {
            let shown = await consume(bench, bench.word("a", kind)) { $0.count = count }
            #expect(shown.status == .success && shown.messages.map(\.id) == sets.prefix(count ?? 300).map(\.id))
            #expect(shown.console.errors.last == "hub consume: \(count ?? 300) messages shown, none taken")
        }
        let drained = try await bench.drain("a", kind)
        #expect(Set(drained.map(\.id)) == Set(sets.map(\.id)))
    }

    @Test(arguments: CopyBackend.kinds)
    func acceptingGoesOnBehindWhatWasAccepted(_ backend: CopyBackend, _ kind: DestinationKind) async throws {
        let bench = try await CopyBench(backend)
        let sets = CopyBench.messages(20)
        try await bench.fill("a", kind, sets)
        let first = await consume(bench, bench.word("a", kind)) { ($0.acks, $0.count) = (true, 12) }
        let rest = await consume(bench, bench.word("a", kind)) { options in
            // More than there are: what is not accepted would come again and again.
            (options.acks, options.untilEnd, options.count) = (true, true, 40)
            if !bench.hasEnd(kind) { (options.untilEnd, options.count) = (false, 8) }
        }
        #expect(first.status == .success && first.messages.map(\.id) == sets.prefix(12).map(\.id))
        // Of what the first had not accepted RabbitMQ brings what was handed out behind what was only on its way.
        let received = rest.messages.sorted { bench.backend.name == "rabbitmq" && $0.id < $1.id }
        #expect(rest.status == .success && received.map(\.id) == sets.suffix(8).map(\.id))
        let line = first.console.output.split(separator: "\n").first ?? ""
        #expect(line.contains(#""attempt":1"#) && line.contains(#""topic":""# + bench.topic("a").name))
    }

    @Test func aCountIsOfMessagesThatWereWritten() async throws {
        let bench = try await CopyBench(CopyBackend.all[0])
        let file = try bench.folder.write(
            "hub.yaml",
            """
            brokers: { one: { type: inmemory } }
            routes: { a: { topic: \(bench.topic("a")), kind: queue, broker: one, deduplicate: 1h } }
            """)
        let sets = CopyBench.messages(9)
        try await bench.fill("a", .queue, (0..<20).map { _ in sets[0] } + sets)
        let taken = await consume(bench, bench.topic("a").name) {
            ($0.config, $0.acks, $0.count) = (file, true, 4)
        }
        #expect(taken.status == .success && taken.messages.map(\.id) == sets.prefix(4).map(\.id))
        #expect(taken.console.errors.last == "hub consume: 4 messages accepted")
    }

    /// Somebody who does not read holds up no thread that others need, and no end.
    @Test(arguments: [true, false]) func whatNobodyReadsHoldsUpNoEnd(_ acks: Bool) async throws {
        let bench = try await CopyBench(CopyBackend.all[0])
        try await bench.fill("a", .queue, CopyBench.messages(3))
        let isBlocked = Lock(false)
        let reader = DispatchSemaphore(value: 0)
        defer { for _ in 0..<3 { reader.signal() } }
        var options = ConsumeOptions(topic: bench.word("a", .queue))
        options.acks = acks
        let recording = RecordingConsole().console()
        let console = Console(
            write: { _ in
                isBlocked.withLock { $0 = true }
                // Longer than the test waits.
                _ = reader.wait(timeout: .now() + .seconds(20))
            }, writeError: recording.writeError, style: recording.style, errorStyle: recording.errorStyle,
            environment: recording.environment)
        let job = ConsumeJob(options, console, factories: bench.backend.factories)
        let task = Task { await job.run() }
        try await condition { isBlocked.withLock { $0 } }
        let start = ContinuousClock.now
        task.cancel()
        _ = await task.value
        #expect(ContinuousClock.now - start < .seconds(15))
        // Nothing of it was accepted.
        for _ in 0..<3 { reader.signal() }
        #expect(try await bench.drain("a", .queue).count == 3)
    }

    @Test func aStreamIsShownFromWhereItIsAskedFor() async throws {
        let bench = try await CopyBench(CopyBackend.all[0])
        try await bench.fill("a", .stream, CopyBench.messages(10))
        let shown = await consume(bench, bench.word("a", .stream)) {
            ($0.from, $0.format) = (StartPosition(optionText: "7"), .lines)
        }
        #expect(shown.console.output == "body 7\nbody 8\nbody 9")
    }

    @Test func eachGroupReadsForItselfAndWhoOnlyLooksReadsForNone() async throws {
        let bench = try await CopyBench(CopyBackend.all[0])
        let sets = CopyBench.messages(10)
        try await bench.fill("a", .stream, sets)
        let word = bench.word("a", .stream)
        for group in ["one", "two"] {
            // A group that is not its own has fewer.
            let taken = await consume(bench, word) {
                ($0.acks, $0.group, $0.count, $0.untilEnd) = (true, group, 6, true)
            }
            #expect(taken.status == .success && taken.messages.map(\.id) == sets.prefix(6).map(\.id))
            let seen = await consume(bench, word) { $0.peeks = true }
            #expect(seen.status == .success && seen.messages.map(\.id) == sets.map(\.id))
        }
        let rest = await consume(bench, word) { ($0.acks, $0.group, $0.untilEnd) = (true, "one", true) }
        #expect(rest.messages.map(\.id) == sets.suffix(4).map(\.id))
        #expect(rest.console.errors.last == "hub consume: 4 messages accepted")
    }

    @Test(arguments: [(SIGINT, Int32(130)), (SIGTERM, Int32(143))])
    func inAProcessOfItsOwnMemoryIsSaidToBeEmptyAndASignalEndsIt(_ signal: Int32, _ status: Int32) async throws {
        let process = try HubProcess("consume", "memory://?topic=a", "--ack")
        try await process.waitUntilItCatches(signal)
        process.send(signal)
        let end = try await process.end()
        #expect(end.status == status && end.output == "")
        let said = end.errors.split(separator: "\n")
        #expect(said.count == 2 && said.last == "hub consume: 0 messages accepted", "\(said)")
        #expect(said.first?.contains("memory:// a is empty: the in-memory broker lives as long as its process") == true)
    }

    @Test func whatDoesNotFitIsToldAtOnce() async throws {
        let bench = try await CopyBench(CopyBackend.all[0])
        let wrong = await consume(bench, bench.word("a", .pubSub)) {
            ($0.acks, $0.peeks, $0.group, $0.from, $0.untilEnd) = (true, true, "g", .latest, true)
        }
        #expect(wrong.status == .usage && wrong.console.errors.count == 4, "\(wrong.console.errors)")
        let file = await consume(bench, "a.ndjson")
        #expect(file.status == .usage && file.console.errors.first?.contains("is no topic") == true)
        let gone = await consume(bench, bench.word("none", .queue))
        #expect(gone.status == .failure && gone.console.errors.last?.contains("does not exist") == true)
    }

    @Test func whatIsPublishedHasWhatItLacksOfTheCommandLine() async throws {
        let words = ["publish", "memory://?topic=a", "--key", "k", "--type", "t", "--header", "a=1", "--header", "b"]
        let console = RecordingConsole()
        #expect(await console.run(words) == .usage)
        #expect(console.errors.contains { $0.contains("--header: \"b\" is not allowed; give name=value") })
        let additions = MessageAdditions(key: "k", type: "t", headers: ["a": "1", "b": "2"])
        let plain = additions.applied(to: Message("x"))
        #expect(plain.key == "k" && plain.type == "t" && plain.headers == ["a": "1", "b": "2"])
        let own = additions.applied(to: Message("x", type: "own", key: "own", headers: ["B": "3"]))
        #expect(own.key == "own" && own.type == "own" && own.headers["b"] == "3" && own.headers["a"] == "1")
        #expect(await console.run("publish", "out.ndjson") == .usage)
        #expect(console.errors.contains { $0.contains("is no topic; hub copy writes files") })
    }
}
