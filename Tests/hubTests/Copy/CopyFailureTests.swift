import Foundation
import InMemoryBroker
import Messaging
import MessagingHub
import MessagingTesting
import Testing

@testable import hub

/// What goes wrong while messages are copied: nothing is lost, and the ledger is true.
@Suite(.timeLimit(.minutes(5))) struct CopyFailureTests {
    private let sets = CopyBench.messages(1234)

    private func lines(_ messages: [Message]) -> String {
        messages.map { MessageRecord.line($0) + "\n" }.joined()
    }

    /// Every third message is refused for good by a target that takes bodies of up to 1,000 bytes.
    private func withLarge(_ count: Int) -> [Message] {
        (0..<count).map { Message(Body(String(repeating: "x", count: $0 % 3 == 1 ? 2000 : 10))) }
    }

    @Test(arguments: CopyBackend.kinds)
    func whatTheTargetRefusesGoesToTheDeadLettersOfTheSource(
        _ backend: CopyBackend, _ kind: DestinationKind
    ) async throws {
        let bench = try await CopyBench(backend)
        try await bench.fill("a", kind, withLarge(300))
        let target = "memory://?max-body=1kB&topic=small&kind=queue"
        let copy = await bench.copy(bench.word("a", kind), target) { bench.ends(&$0, kind, after: 300) }
        #expect(copy.status == .success && copy.ledger == CopyBench.ledger(300, received: 200, dead: 100))
        #expect(bench.console.errors.contains { $0.contains("was refused: ") && $0.contains("1000") })
        let dead = try await bench.drain("a.dead", .queue)
        #expect(dead.count == 100 && dead.allSatisfy { $0.body.count == 2000 })
    }

    @Test func whatTheTargetRefusesOfAFileEndsItOrGoesToAFile() async throws {
        let bench = try await CopyBench(CopyBackend.all[0])
        let file = try bench.folder.write("in.ndjson", lines(withLarge(4)))
        let target = "memory://?max-body=1kB&topic=small&kind=queue"
        let stopped = await bench.copy(file, target) { $0.group = "g" }
        #expect(stopped.status == .failure)
        #expect(bench.console.errors.contains { $0.contains("--dead-letters FILE keeps such messages") })
        #expect(try PositionFile(of: file, group: "g").load() == nil)
        let copy = await bench.copy(file, target) { $0.deadLetters = bench.folder("dead.ndjson") }
        #expect(copy.status == .success && copy.ledger == CopyBench.ledger(4, received: 3, dead: 1))
        #expect(try bench.folder.text("dead.ndjson").contains(#""hub-dead-letter-reason":"rejected""#))
    }

    @Test(arguments: CopyBackend.kinds)
    func aDiskThatIsFullLeavesTheSourceAsItWas(_ backend: CopyBackend, _ kind: DestinationKind) async throws {
        let bench = try await CopyBench(backend)
        try await bench.fill("a", kind, sets)
        let copy = await bench.copy(bench.word("a", kind), "/dev/full") { bench.ends(&$0, kind, after: 1234) }
        #expect(copy.status == .failure)
        #expect(copy.ledger.contains("received 0,") && !copy.ledger.hasSuffix("lost 0"), "\(copy.ledger)")
        #expect(bench.console.errors.contains { $0.contains("the disk is full; make room and start again") })
        #expect(bench.console.errors.contains { $0.contains("start again: ") })
        let again = await bench.copy(bench.word("a", kind), bench.folder("a.ndjson")) {
            bench.ends(&$0, kind, after: 1234)
        }
        #expect(again.status == .success && again.ledger == CopyBench.ledger(1234), "\(again)")
        // Given back, not failed: no attempt was used up.
        #expect(try bench.folder.text("a.ndjson").split(separator: "\n").count == 1234)
    }

    @Test func aTargetThatDiesInTheMiddleEndsItAndItGoesOnLater() async throws {
        let (source, target) = (InMemoryServer(), InMemoryServer())
        let bench = try await CopyBench(CopyBackend(name: "two", url: "memory://", factories: [.inMemory(source)]))
        try await bench.fill("a", .queue, sets)
        // The target's server is another one, which ends after 300 messages.
        let profile = BrokerProfile.inMemory
        let factories = [
            BrokerFactory(profile) { name, values, environment throws(BrokerError) in
                let isTarget = values[InMemoryConfiguration.maximumMessages] == 99_999
                let inner = try BrokerFactory.inMemory(isTarget ? target : source).make(name, values, environment)
                return isTarget ? CheckedBroker.mortal(inner, after: 300) : inner
            }
        ]
        var options = CopyOptions(
            source: bench.word("a", .queue), target: "memory://?max-messages=99999&topic=b&kind=queue")
        options.untilEnd = true
        options.concurrency = 8
        let status = await CopyJob(options, bench.console.console(), factories: factories).run()
        #expect(status == .failure)
        #expect(bench.console.errors.contains { $0.contains("the server is gone") }, "\(bench.console.errors)")
        let again = await bench.copy(bench.word("a", .queue), bench.folder("a.ndjson")) { $0.untilEnd = true }
        #expect(again.ledger == CopyBench.ledger(1234 - 300), "\(again)")
    }

    /// What is live has no dead letters: a message that the target refuses is nowhere, and nothing else went wrong.
    @Test func whatIsLostIsAFailureByItself() async throws {
        let bench = try await CopyBench(CopyBackend.all[0])
        let copy = try await bench.withTopics(["a"], .pubSub) { hub in
            let (large, small) = (withLarge(2)[1], withLarge(1)[0])
            return try await withThrowingTaskGroup(of: Void.self) { tasks in
                tasks.addTask {
                    while !Task.isCancelled {
                        try await hub.publish([large, small], to: bench.topic("a"))
                        try? await Task.sleep(for: .milliseconds(1))
                    }
                }
                let copy = await bench.copy(
                    bench.word("a", .pubSub), "memory://?max-body=1kB&topic=small&kind=queue"
                ) { ($0.limit, $0.concurrency) = (2, 1) }
                tasks.cancelAll()
                try await tasks.waitForAll()
                return copy
            }
        }
        #expect(copy.status == .failure && copy.ledger == CopyBench.ledger(2, received: 1), "\(copy.ledger)")
        #expect(bench.console.errors.contains { $0.contains("1 message was not confirmed by memory:// small") })
    }

    @Test func aBadLineStopsBehindWhatIsBeforeItOrIsPassedOver() async throws {
        let bench = try await CopyBench(CopyBackend.all[0])
        let good = lines(Array(sets.prefix(5))).split(separator: "\n")
        let text = (good[0...2] + ["oops"] + good[3...4]).joined(separator: "\n") + "\n"
        let file = try bench.folder.write("in.ndjson", text)
        let stopped = await bench.copy(file, bench.word("a", .queue)) { $0.group = "g" }
        #expect(stopped.status == .failure && stopped.ledger == CopyBench.ledger(3))
        #expect(bench.console.errors.contains { $0.contains("\(file):4: is not JSON") }, "\(bench.console.errors)")
        let skipped = await bench.copy(file, bench.word("a", .queue)) {
            $0.group = "g"
            $0.onBadLine = .skip
        }
        #expect(skipped.status == .success && skipped.ledger == CopyBench.ledger(2, ", skipped 1"))
        #expect(bench.console.errors.filter { $0.contains("\(file):4: is not JSON") }.count == 2)
        #expect(try await bench.drain("a", .queue).map(\.id) == sets.prefix(5).map(\.id))
    }

    @Test(arguments: [0, 1]) func whatStandsBeforeABadLineIsCopiedWhateverTheBatch(_ skipped: Int) async throws {
        let bench = try await CopyBench(CopyBackend.all[0])
        let many = CopyBench.messages(CopyRun.batch * 2 - skipped)
        let file = try bench.folder.write("in.ndjson", lines(many) + "oops\n" + lines(many))
        let copy = await bench.copy(file, bench.word("a", .queue)) { $0.concurrency = 3 }
        #expect(copy.status == .failure && copy.ledger == CopyBench.ledger(many.count), "\(copy.ledger)")
    }

    @Test func aBadLineBehindTheLimitIsNotReached() async throws {
        let bench = try await CopyBench(CopyBackend.all[0])
        let file = try bench.folder.write("in.ndjson", lines(Array(sets.prefix(2))) + "oops\n")
        let copy = await bench.copy(file, bench.word("a", .queue)) { $0.limit = 2 }
        #expect(copy.status == .success && copy.ledger == CopyBench.ledger(2), "\(bench.console.errors)")
    }

    @Test func afterAFailureNothingMoreIsTried() async throws {
        let server = InMemoryServer()
        let bench = try await CopyBench(CopyBackend(name: "one", url: "memory://", factories: [.inMemory(server)]))
        let file = try bench.folder.write("in.ndjson", lines(CopyBench.messages(5000)))
        let factories = [
            BrokerFactory(.inMemory) { name, values, environment throws(BrokerError) in
                CheckedBroker.mortal(try BrokerFactory.inMemory(server).make(name, values, environment), after: 600)
            }
        ]
        var options = CopyOptions(source: file, target: bench.word("a", .queue))
        options.group = "g"
        #expect(await CopyJob(options, bench.console.console(), factories: factories).run() == .failure)
        let ledger = bench.console.output.split(separator: "\n").last.map { CopyBench.withoutTime(String($0)) }
        #expect(ledger == CopyBench.ledger(1000, received: 500))
        #expect(bench.console.errors.contains { $0.contains("500 messages were not confirmed by memory:// ") })
        #expect(try PositionFile(of: file, group: "g").load()?.lines == 500)
    }

    /// Made, it would be waited for.
    @Test(.timeLimit(.minutes(1))) func aSourceThatDoesNotExistIsNotMade() async throws {
        let server = InMemoryServer()
        let profile = try #require(Backends.profiles.first { $0.type == .rabbitMQ })
        let factories = [
            BrokerFactory(profile) { _, _, _ throws(BrokerError) in InMemoryBroker(server, profile: profile) }
        ]
        let bench = try await CopyBench(CopyBackend(name: "rabbit", url: "amqp://host", factories: factories))
        let copy = await bench.copy(bench.word("none", .queue), bench.folder("a.ndjson"))
        #expect(copy.status == .failure)
        #expect(bench.console.errors.contains { $0.contains("does not exist, so there is nothing to read") })
        try await bench.fill("none", .queue, sets)
        let again = await bench.copy(bench.word("none", .queue), bench.folder("a.ndjson")) { $0.limit = 1234 }
        #expect(again.ledger == CopyBench.ledger(1234), "\(bench.console.errors)")
    }

    @Test func aDryRunCopiesNothingAndMakesNothing() async throws {
        let bench = try await CopyBench(CopyBackend.all[0])
        try await bench.fill("a", .queue, sets)
        let file = try bench.folder.write("in.ndjson", lines(sets))
        for (source, target) in [
            (bench.word("a", .queue), bench.word("b", .stream)), (file, bench.folder("out.ndjson")),
        ] {
            let run = await bench.copy(source, target) { $0.dryRun = true }
            #expect(run.status == .success && run.ledger == "nothing was copied: --dry-run")
        }
        #expect(bench.folder.files == ["in.ndjson"])
        #expect(try await bench.drain("a", .queue).count == 1234)
        let broker = InMemoryBroker(try #require(bench.backend.server))
        try await broker.connect { _ in }
        let error = await #expect(throws: BrokerError.self) {
            try await broker.topology?.depth(of: Destination(bench.topic("b"), .stream), group: nil)
        }
        #expect(error?.code == .noSuchDestination)
    }
}

/// How many messages are still confirmed.
private final class Left: Sendable {
    private let count: Lock<Int>
    init(_ count: Int) { self.count = Lock(count) }

    func take(_ messages: Int) throws(PublishFailure) {
        let isThere = count.withLock { left in
            left -= messages
            return left >= 0
        }
        if !isThere { throw .refused(BrokerError(.notConnected, "the server is gone"), count: messages) }
    }
}

extension CheckedBroker {
    /// One whose server is gone once it has confirmed this many messages.
    fileprivate static func mortal(_ base: any MessageBroker, after count: Int) -> CheckedBroker {
        let left = Left(count)
        return CheckedBroker(base: base) { messages throws(PublishFailure) in try left.take(messages) }
    }
}
