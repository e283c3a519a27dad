import Foundation
import InMemoryBroker
import Messaging
import MessagingCodecs
import MessagingHub
import Testing

@testable import hub

@Suite(.timeLimit(.minutes(5))) struct CopyTests {
    private let sets = CopyBench.messages(1234)

    private func lines(_ messages: [Message]) -> String {
        messages.map { MessageRecord.line($0) + "\n" }.joined()
    }

    // MARK: Everything arrives

    @Test(arguments: CopyBackend.kinds)
    func aFileGoesToATopicAndBackWithEveryField(_ backend: CopyBackend, _ kind: DestinationKind) async throws {
        let bench = try await CopyBench(backend)
        let file = try bench.folder.write("in.ndjson", lines(sets))
        let packed = bench.folder(Compression.isAvailable ? "out.ndjson.gz" : "out.ndjson")
        let there = await bench.copy(file, bench.word("a", kind))
        #expect(there.status == .success && there.ledger == CopyBench.ledger(1234), "\(bench.console.errors)")
        let back = await bench.copy(bench.word("a", kind), packed) { bench.ends(&$0, kind, after: 1234) }
        #expect(back.status == .success && back.ledger == CopyBench.ledger(1234), "\(bench.console.errors)")
        let again = await bench.copy(packed, bench.folder("again.ndjson"))
        #expect(again.status == .success && again.ledger == CopyBench.ledger(1234))
        func sorted(_ text: String) -> [String] {
            text.split(separator: "\n").map { String($0).replacing(#/"topic":"[^"]*",/#, with: "") }.sorted()
        }
        #expect(sorted(try bench.folder.text("again.ndjson")) == sorted(lines(sets)))
    }

    @Test(arguments: CopyBackend.kinds)
    func aTopicGoesToATopicUpToItsEnd(_ backend: CopyBackend, _ kind: DestinationKind) async throws {
        let bench = try await CopyBench(backend)
        try await bench.fill("a", kind, sets)
        let copy = await bench.copy(bench.word("a", kind), bench.word("b", kind)) {
            bench.ends(&$0, kind, after: 1234)
        }
        #expect(copy.status == .success && copy.ledger == CopyBench.ledger(1234), "\(bench.console.errors)")
        #expect(Set(try await bench.drain("b", kind)) == Set(sets))
        // Everything was accepted: for the group of the copy there is nothing left.
        #expect(try await bench.isEmpty("a", kind))
    }

    /// Whatever is copied puts another message into the source: only an end that was captured at the start is ever met.
    @Test(arguments: CopyBackend.kindsWithEnd)
    func aSourceThatNeverEndsIsCopiedUpToWhereItsEndWas(_ backend: CopyBackend, _ kind: DestinationKind) async throws {
        let bench = try await CopyBench(backend)
        try await bench.fill("a", kind, sets)
        let (source, target) = (Destination(bench.topic("a"), kind), bench.topic("b"))
        var options = CopyOptions(source: bench.word("a", kind), target: bench.word("b", kind))
        // One that does not end at its end would end here.
        (options.untilEnd, options.limit) = (true, 20_000)
        let factories = bench.backend.factories.map { factory in
            BrokerFactory(factory.profile) { name, values, environment throws(BrokerError) in
                Refilling(base: try factory.make(name, values, environment), source: source, target: target)
            }
        }
        #expect(await CopyJob(options, bench.console.console(), factories: factories).run() == .success)
        let ledger = bench.console.output.split(separator: "\n").last ?? ""
        #expect(ledger.contains(", lost 0 in ") && !ledger.contains("sent 20,000"), "\(ledger)")
        #expect(Set(try await bench.drain("b", kind)).isSuperset(of: sets))
    }

    @Test(arguments: CopyBackend.kinds)
    func oneAtATimeKeepsTheOrder(_ backend: CopyBackend, _ kind: DestinationKind) async throws {
        let bench = try await CopyBench(backend)
        let file = try bench.folder.write("in.ndjson", lines(sets))
        _ = await bench.copy(file, bench.word("a", kind))
        _ = await bench.copy(bench.word("a", kind), bench.word("b", kind)) {
            bench.ends(&$0, kind, after: 1234)
            $0.concurrency = 1
        }
        #expect(try await bench.drain("b", kind).map(\.id) == sets.map(\.id))
    }

    @Test func severalBatchesOfAFileAreOnTheirWayAtOnceWhereAskedFor() async throws {
        let bench = try await CopyBench(CopyBackend.all[0])
        let many = CopyBench.messages(5000)
        let file = try bench.folder.write("in.ndjson", lines(many))
        let copy = await bench.copy(file, bench.word("a", .queue)) {
            $0.concurrency = 4
            $0.group = "g"
        }
        #expect(copy.ledger == CopyBench.ledger(5000))
        #expect(Set(try await bench.drain("a", .queue).map(\.id)) == Set(many.map(\.id)))
        #expect(try PositionFile(of: file, group: "g").load()?.offset == lines(many).utf8.count)
    }

    @Test(arguments: [true, false])
    func asManyAreOnTheirWayAtOnceAsAreAskedFor(_ isFile: Bool) async throws {
        let bench = try await CopyBench(CopyBackend.all[0])
        let file = try bench.folder.write("in.ndjson", lines(CopyBench.messages(5000)))
        if !isFile { try await bench.fill("a", .queue, CopyBench.messages(1000)) }
        var options = CopyOptions(
            source: isFile ? file : bench.word("a", .queue), target: bench.word("b", .queue))
        (options.concurrency, options.untilEnd) = (4, !isFile)
        // Batches of a file, messages of a topic.
        let meeting = Meeting(of: isFile ? 4 * CopyRun.batch : 4)
        let factories = bench.backend.factories.map { factory in
            BrokerFactory(factory.profile) { name, values, environment throws(BrokerError) in
                MeetingBroker(base: try factory.make(name, values, environment), meeting: meeting)
            }
        }
        #expect(await CopyJob(options, bench.console.console(), factories: factories).run() == .success)
        #expect(meeting.most == (isFile ? 4 * CopyRun.batch : 4))
    }

    // MARK: Some of it

    @Test(arguments: CopyBackend.kinds)
    func aLimitTakesNoMore(_ backend: CopyBackend, _ kind: DestinationKind) async throws {
        let bench = try await CopyBench(backend)
        try await bench.fill("a", kind, sets)
        let word = bench.word("a", kind)
        let first = await bench.copy(word, bench.folder("a.ndjson")) {
            bench.ends(&$0, kind, after: 100)
            $0.limit = 100
        }
        #expect(first.status == .success && first.ledger == CopyBench.ledger(100), "\(bench.console.errors)")
        try #require(first.ledger == CopyBench.ledger(100), "what follows would not end")
        let second = await bench.copy(word, bench.folder("a.ndjson")) { $0.limit = 50 }
        #expect(second.status == .success && second.ledger == CopyBench.ledger(50), "\(bench.console.errors)")
        let rest = await bench.copy(word, bench.folder("a.ndjson")) { bench.ends(&$0, kind, after: 1084) }
        #expect(rest.ledger == CopyBench.ledger(1084))
        #expect(try bench.folder.text("a.ndjson").split(separator: "\n").count == 1234)
        let part = await bench.copy(bench.folder("a.ndjson"), bench.folder("b.ndjson")) { $0.limit = 7 }
        #expect(part.ledger == CopyBench.ledger(7))
    }

    /// Deliveries that are not run, because another one of their id is done, take nothing of it.
    @Test func aLimitCountsWhatIsCopiedAndNothingElse() async throws {
        let bench = try await CopyBench(CopyBackend.all[0])
        let file = try bench.folder.write(
            "hub.yaml",
            """
            brokers: { one: { type: inmemory } }
            routes: { a: { topic: \(bench.topic("a")), kind: queue, broker: one, deduplicate: 1h } }
            """)
        let three = Array(sets.prefix(3))
        try await bench.fill("a", .queue, three.flatMap { message in (0..<20).map { _ in message } } + sets.suffix(9))
        let copy = await bench.copy(bench.topic("a").name, bench.folder("a.ndjson")) {
            ($0.config, $0.limit, $0.concurrency, $0.untilEnd) = (file, 7, 2, true)
        }
        #expect(copy.status == .success && copy.ledger == CopyBench.ledger(7), "\(bench.console.errors)")
        #expect(try bench.folder.text("a.ndjson").split(separator: "\n").count == 7)
    }

    @Test(arguments: CopyBackend.all.filter { $0.kinds.contains(.stream) })
    func aFilterPassesOverTheRestAndCountsIt(_ backend: CopyBackend) async throws {
        let bench = try await CopyBench(backend)
        try await bench.fill("a", .stream, sets)
        let copy = await bench.copy(bench.word("a", .stream), bench.folder("a.ndjson")) {
            $0.untilEnd = true
            $0.filter = ["region=eu"]
        }
        #expect(copy.status == .success && copy.ledger == CopyBench.ledger(412, ", filtered 822"))
        let file = await bench.copy(bench.folder("a.ndjson"), bench.folder("b.ndjson")) { $0.filter = ["region=us"] }
        #expect(file.ledger == CopyBench.ledger(0, ", filtered 412"))
    }

    @Test func aRateIsKept() async throws {
        let bench = try await CopyBench(CopyBackend.all[0])
        let file = try bench.folder.write("in.ndjson", lines(Array(sets.prefix(20))))
        _ = await bench.copy(file, bench.word("a", .queue))
        let clock = ContinuousClock()
        let taken = await clock.measure {
            let copy = await bench.copy(bench.word("a", .queue), bench.folder("a.ndjson")) {
                $0.untilEnd = true
                $0.rate = 100
            }
            #expect(copy.ledger == CopyBench.ledger(20))
        }
        #expect(taken >= .milliseconds(180))
    }

    @Test func aGroupBeginsWhereItIsToldTo() async throws {
        let bench = try await CopyBench(CopyBackend.all[0])
        try await bench.fill("a", .stream, sets)
        let copy = await bench.copy(bench.word("a", .stream), bench.folder("a.ndjson")) {
            $0.untilEnd = true
            $0.group = "late"
            $0.from = StartPosition(optionText: "1200")
        }
        #expect(copy.ledger == CopyBench.ledger(34), "\(bench.console.errors)")
        let bytes = lines(Array(sets.prefix(1000))).utf8.count
        let file = try bench.folder.write("in.ndjson", lines(sets))
        let part = await bench.copy(file, bench.folder("part.ndjson")) {
            $0.from = StartPosition(optionText: "\(bytes)")
        }
        #expect(part.ledger == CopyBench.ledger(234), "\(bench.console.errors)")
    }

    // MARK: Going on

    @Test(arguments: Compression.isAvailable ? ["in.ndjson", "in.ndjson.gz", "in.ndjson.zst"] : ["in.ndjson"])
    func aFileGoesOnWhereItsGroupWas(_ name: String) async throws {
        let bench = try await CopyBench(CopyBackend.all[0])
        try bench.folder.write("all.ndjson", lines(sets))
        let file = bench.folder(name)
        if name == "in.ndjson" {
            try bench.folder.write(name, lines(sets))
        } else {
            _ = await bench.copy(bench.folder("all.ndjson"), file)
        }
        func go(_ limit: Int?, _ group: String = "g") async -> String {
            await bench.copy(file, bench.word("a", .queue)) {
                $0.group = group
                $0.limit = limit
            }.ledger
        }
        #expect(await go(700) == CopyBench.ledger(700))
        #expect(await go(nil) == CopyBench.ledger(534))
        #expect(await go(nil) == CopyBench.ledger(0))
        #expect(try await bench.drain("a", .queue).map(\.id) == sets.map(\.id))
        #expect(await go(3, "other") == CopyBench.ledger(3))
    }

    @Test func aPositionInAnotherFileIsRefused() async throws {
        let bench = try await CopyBench(CopyBackend.all[0])
        let file = try bench.folder.write("in.ndjson", lines(sets))
        func go() async -> hub.ExitStatus {
            await bench.copy(file, bench.word("a", .queue)) { $0.group = "g" }.status
        }
        #expect(await go() == .success)
        try bench.folder.write("in.ndjson", lines(CopyBench.messages(1234)))
        #expect(await go() == .failure)
        try bench.folder.write("in.ndjson", "")
        #expect(await go() == .failure)
        #expect(bench.console.errors.filter { $0.contains("is a position in another file; remove it") }.count == 2)
    }

    @Test func aFileThatGrowsIsCopiedAsItDoesAndNoHalfLineOfIt() async throws {
        let bench = try await CopyBench(CopyBackend.all[0])
        let file = try bench.folder.write("in.txt", "one\n\ntw")
        func go() async -> String {
            await bench.copy(file, bench.word("a", .queue)) {
                $0.format = .lines
                $0.group = "g"
            }.ledger
        }
        #expect(await go() == CopyBench.ledger(2))
        #expect(bench.console.errors.contains { $0.contains("has no end yet, and is left for later") })
        #expect(await go() == CopyBench.ledger(0))
        try bench.folder.write("in.txt", "one\n\ntwo\nthree\n")
        #expect(await go() == CopyBench.ledger(2))
        #expect(try await bench.drain("a", .queue).map { $0.body.text } == ["one", "", "two", "three"])
    }

    @Test func allOfAFileIsOneMessageOnce() async throws {
        let bench = try await CopyBench(CopyBackend.all[0])
        let file = try bench.folder.write("in.txt", "one\ntwo")
        for count in [1, 0] {
            let copy = await bench.copy(file, bench.word("a", .queue)) {
                $0.format = .body
                $0.group = "g"
            }
            #expect(copy.ledger == CopyBench.ledger(count))
        }
        #expect(try await bench.drain("a", .queue).map { $0.body.text } == ["one\ntwo"])
    }

    @Test func anotherFileOfTheSameNameHasOtherMessages() async throws {
        let folder = try TestFolder()
        let path = try folder.write("a.txt", "one\n")
        let first = FileIdentity(path).id(0, Array("one".utf8)[...])
        #expect(FileIdentity(path).id(0, Array("one".utf8)[...]) == first)
        #expect(FileIdentity(path).id(0, Array("two".utf8)[...]) != first)
        #expect(FileIdentity(path).id(4, Array("one".utf8)[...]) != first)
        try FileManager.default.moveItem(atPath: path, toPath: folder("b.txt"))
        try folder.write("a.txt", "one\n")
        #expect(FileIdentity(path).id(0, Array("one".utf8)[...]) != first)
    }

    @Test func aLineWithoutAnIdIsTheSameMessageWheneverItIsCopiedForAGroup() async throws {
        let bench = try await CopyBench(CopyBackend.all[0])
        let file = try bench.folder.write("in.txt", "one\ntwo\n")
        for name in ["a", "b"] {
            _ = await bench.copy(file, bench.word(name, .queue)) {
                $0.format = .lines
                $0.group = "g"
                $0.from = .earliest
            }
        }
        let (one, other) = (try await bench.drain("a", .queue), try await bench.drain("b", .queue))
        #expect(one.count == 2 && one.map(\.id) == other.map(\.id) && Set(one.map(\.id)).count == 2)
    }
}
