import Foundation
import InMemoryBroker
import Messaging
import MessagingHub
import MessagingTesting
import Testing

@testable import hub

/// `hub run`: bridges, and commands.
@Suite(.timeLimit(.minutes(5))) struct RunTests {
    /// A configuration with these subscriptions, run while `body` does; its exit status.
    private func run(
        _ subscriptions: String, _ factories: [BrokerFactory], folder: TestFolder, _ body: () async throws -> Void
    ) async throws -> hub.ExitStatus {
        let file = try folder.write(
            "hub.yaml",
            """
            brokers: { one: { type: inmemory }, two: { type: inmemory, max-body: 1kB } }
            routes:
              a: { topic: run.a, kind: queue, broker: one, retry: { attempts: 3, delay: 1ms } }
              b: { topic: run.b, kind: queue, broker: two }
              c: { topic: run.c, kind: queue, broker: one }
              s: { topic: run.s, kind: stream, broker: one, groups: { g: } }
              dead: { topic: "*.*.dead", kind: queue, broker: one, dead-letter: none }
            shutdown: { grace: 5s }
            log: { level: error }
            subscriptions:
            \(subscriptions)
            """)
        let note = Interrupts.Note()
        async let status = RunJob(
            file: file, RecordingConsole().console(["PATH": "/usr/bin:/bin"]), factories: factories
        ).run(until: note)
        do { try await body() } catch {
            _ = note.take(.terminated)
            throw error
        }
        _ = note.take(.terminated)
        return await status
    }

    private func broker(_ server: InMemoryServer) async throws -> InMemoryBroker {
        let broker = InMemoryBroker(server)
        try await broker.connect { _ in }
        return broker
    }

    /// Publishes once the destination is there.
    private func publish(
        _ messages: [Message], to topic: Topic, as kind: DestinationKind = .queue, on server: InMemoryServer
    ) async throws {
        let broker = try await broker(server)
        try await condition { await depth(of: topic, as: kind, group: kind == .stream ? "g" : nil, server) != nil }
        try await broker.publish(messages, to: Destination(topic, kind))
    }

    private func depth(
        of topic: Topic, as kind: DestinationKind = .queue, group: GroupName? = nil, _ server: InMemoryServer
    ) async -> Int? {
        guard let broker = try? await broker(server), let topology = broker.topology else { return nil }
        let depth = try? await topology.depth(of: Destination(topic, kind), group: group)
        await broker.close(within: .zero)
        return depth.map { $0.waiting + ($0.held ?? 0) }
    }

    private func condition(_ holds: () async -> Bool) async throws {
        for _ in 0..<10_000 {
            if await holds() { return }
            try await Task.sleep(for: .milliseconds(3))
        }
        throw BrokerError(.timeout, "the condition has not come to hold within 30 s")
    }

    private func factories(_ one: InMemoryServer, _ two: InMemoryServer) -> [BrokerFactory] {
        [
            BrokerFactory(.inMemory) { name, values, environment throws(BrokerError) in
                try BrokerFactory.inMemory(name == "one" ? one : two).make(name, values, environment)
            }
        ]
    }

    @Test(arguments: ["run.b", "run.c"]) func aBridgeCarriesOverAndAccepts(_ target: String) async throws {
        let (one, two, folder) = (InMemoryServer(), InMemoryServer(), try TestFolder())
        let end = target == "run.b" ? two : one
        let status = try await run("  x: { topic: run.a, to: \(target) }", factories(one, two), folder: folder) {
            try await publish(CopyBench.messages(50), to: "run.a", on: one)
            try await condition { await depth(of: Topic(stringLiteral: target), end) == 50 }
            try await condition { await depth(of: "run.a", one) == 0 }
        }
        #expect(status == .success)
    }

    @Test func whatABridgeMayNotCarryIsDeadLettered() async throws {
        let (one, two, folder) = (InMemoryServer(), InMemoryServer(), try TestFolder())
        _ = try await run("  x: { topic: run.a, to: run.b }", factories(one, two), folder: folder) {
            try await publish([Message(Body(String(repeating: "x", count: 2000))), Message("a")], to: "run.a", on: one)
            try await condition { await depth(of: "run.b", two) == 1 }
            try await condition { await depth(of: "run.a.dead", one) == 1 }
            try await condition { await depth(of: "run.a", one) == 0 }
        }
    }

    /// At another broker, and at the same one, where it is one step.
    @Test(arguments: ["run.b", "run.c"]) func aFilterPassesOverTheRest(_ target: String) async throws {
        let (one, two, folder) = (InMemoryServer(), InMemoryServer(), try TestFolder())
        let subscription = "  x: { topic: run.s, group: g, to: \(target), filter: { region: eu } }"
        let (end, topic) = (target == "run.b" ? two : one, Topic(stringLiteral: target))
        _ = try await run(subscription, factories(one, two), folder: folder) {
            try await publish(CopyBench.messages(9), to: "run.s", as: .stream, on: one)
            try await condition { await depth(of: topic, end) == 3 }
            try await condition { await depth(of: "run.s", as: .stream, group: "g", one) == 0 }
        }
        #expect(await depth(of: topic, end) == 3)
    }

    @Test func aBrokerThatIsWaitedForIsNoReasonToStay() async throws {
        let (server, folder) = (InMemoryServer(), try TestFolder())
        let factories = [
            BrokerFactory(.inMemory) { name, values, environment throws(BrokerError) in
                Silent(base: try BrokerFactory.inMemory(server).make(name, values, environment))
            }
        ]
        let status = try await run("  x: { topic: run.a, to: run.b }", factories, folder: folder) {}
        #expect(status == .success)
    }

    @Test func aServiceWhoseSubscriptionsHaveAllEndedEnds() async throws {
        let (one, folder) = (InMemoryServer(), try TestFolder())
        let file = try folder.write(
            "hub.yaml",
            """
            brokers: { one: { type: inmemory } }
            routes:
              a: { topic: run.a, kind: queue, broker: one }
              c: { topic: run.c, kind: queue, broker: one }
            log: { level: error }
            subscriptions: { x: { topic: run.a, to: run.c } }
            """)
        let console = RecordingConsole()
        async let status = RunJob(file: file, console.console(), factories: [.inMemory(one)]).run(
            until: Interrupts.Note())
        let broker = try await broker(one)
        try await condition { (try? await broker.topology?.depth(of: .queue("run.a"), group: nil).consumers) == 1 }
        try await broker.topology?.delete(.queue("run.a"))
        #expect(await status == .failure)
        #expect(console.errors.last == "hub run: every subscription has ended")
    }

    @Test func aTargetThatIsNotThereIsWaitedForAndNothingIsGivenUp() async throws {
        let (one, two, folder) = (InMemoryServer(), InMemoryServer(), try TestFolder())
        let isDown = Down()
        let factories = [
            BrokerFactory(.inMemory) { name, values, environment throws(BrokerError) in
                let inner = try BrokerFactory.inMemory(name == "one" ? one : two).make(name, values, environment)
                return name == "one" ? inner : CheckedBroker(base: inner, check: isDown.check)
            }
        ]
        _ = try await run("  x: { topic: run.a, to: run.b }", factories, folder: folder) {
            try await publish(CopyBench.messages(5), to: "run.a", on: one)
            // More than three attempts of five messages, of three tries each, would make.
            try await condition { isDown.count.withLock { $0 } >= 60 }
            #expect(await depth(of: "run.a.dead", one) ?? 0 == 0)
            isDown.isSet.withLock { $0 = false }
            try await condition { await depth(of: "run.b", two) == 5 }
        }
        #expect(await depth(of: "run.a", one) == 0)
    }

    /// A target that is away for far longer than a delivery may be held, and more often than a message may be handed out.
    @Test(arguments: ["none", "all"])
    func aTargetThatIsAwayForLongerThanManyHoldsUsesUpNoAttempt(_ order: String) async throws {
        let (time, folder, isDown) = (VirtualTime(), try TestFolder(), Down())
        let (one, two) = (InMemoryServer(time: time), InMemoryServer(time: time))
        let factories = [
            BrokerFactory(.inMemory) { name, values, environment throws(BrokerError) in
                let inner = try BrokerFactory.inMemory(name == "one" ? one : two).make(name, values, environment)
                return name == "one" ? inner : CheckedBroker(base: inner, check: isDown.check)
            }
        ]
        let file = try folder.write(
            "hub.yaml",
            """
            brokers: { one: { type: inmemory }, two: { type: inmemory } }
            routes:
              a:
                { topic: run.a, kind: queue, broker: one, order: \(order), max-hold: 1s, retry: { attempts: 3, delay: 1ms } }
              b: { topic: run.b, kind: queue, broker: two }
              dead: { topic: "*.*.dead", kind: queue, broker: one, dead-letter: none }
            log: { level: error }
            subscriptions: { x: { topic: run.a, to: run.b, concurrency: 4 } }
            """)
        let configuration = try HubConfiguration.load(path: file, environment: [:], profiles: Backends.profiles)
        let service = try Service(configuration, file: file, path: nil, log: NoLog())
        let environment = HubEnvironment(time: time, log: NoLog())
        let messages = CopyBench.messages(30)
        try await withHub(configuration, brokers: factories, environment: environment) { hub in
            try await withThrowingTaskGroup(of: Void.self) { tasks in
                tasks.addTask { try await service.run(on: hub) }
                try await publish(messages, to: "run.a", on: one)
                let end = time.uptime + .seconds(60)
                try await advance(time) { time.uptime >= end }
                #expect(isDown.count.withLock { $0 } >= 60)
                isDown.isSet.withLock { $0 = false }
                try await advance(time) { await depth(of: "run.b", two) == 30 }
                try await advance(time) { await depth(of: "run.a", one) == 0 }
                tasks.cancelAll()
            }
            #expect(hub.metrics().deadLettered == 0 && hub.metrics().failed == 0)
        }
        #expect(await depth(of: "run.a.dead", one) ?? 0 == 0)
    }

    /// Moves the clock, a little at a time, until this holds.
    private func advance(_ time: VirtualTime, until holds: () async -> Bool) async throws {
        try await condition {
            time.advance(by: .milliseconds(50))
            return await holds()
        }
    }

    @Test func aCommandGetsTheMessageAndItsStatusDecides() async throws {
        let (one, folder) = (InMemoryServer(), try TestFolder())
        // 0 for a body that begins with ok; 65 for no; else a failure, which is repeated.
        let script = try folder.write(
            "handle",
            """
            #!/bin/sh
            line=$(cat)
            echo "$HUB_TOPIC $HUB_ATTEMPT $HUB_MESSAGE_ID $line" >>"\(folder("seen"))"
            case $line in *'"ok'*) exit 0;; *'"no'*) exit 65;; *) exit 1;; esac
            """)
        chmod(script, 0o700)
        let status = try await run(
            "  x: { topic: run.a, command: [\(script)], concurrency: 2 }", factories(one, one), folder: folder
        ) {
            try await publish([Message("ok ü"), Message("no"), Message("maybe")], to: "run.a", on: one)
            try await condition { await depth(of: "run.a.dead", one) == 2 }
            try await condition { await depth(of: "run.a", one) == 0 }
        }
        #expect(status == .success)
        let seen = try folder.text("seen").split(separator: "\n")
        #expect(seen.filter { $0.contains("ok ü") }.count == 1)
        #expect(seen.filter { $0.contains("\"no\"") }.count == 1)
        #expect(seen.filter { $0.contains("maybe") }.map { $0.split(separator: " ")[1] } == ["1", "2", "3"])
        #expect(seen.allSatisfy { $0.hasPrefix("run.a ") && $0.contains(#""topic":"run.a""#) })
    }

    @Test func aCommandThatIsNotThereAndNothingToDoAreProblems() async throws {
        let folder = try TestFolder()
        let console = RecordingConsole()
        let file = try folder.write(
            "hub.yaml",
            """
            brokers: { one: { type: inmemory } }
            routes: { a: { topic: run.a, kind: queue, broker: one } }
            subscriptions: { x: { topic: run.a, command: [no-such-program] } }
            """)
        #expect(await RunJob(file: file, console.console(["PATH": "/usr/bin:/bin"])).run() == .configuration)
        #expect(console.errors.first?.contains("\"no-such-program\" is not in PATH") == true)
        let empty = try folder.write(
            "empty.yaml",
            "brokers: { one: { type: inmemory } }\nroutes: { a: { topic: run.a, kind: queue, broker: one } }")
        #expect(await RunJob(file: empty, console.console()).run() == .configuration)
        #expect(console.errors.last?.contains("nothing to run") == true)
    }

    @Test func ctrlCEndsTheServiceInOrderAndItsCommandWithIt() async throws {
        let folder = try TestFolder()
        let file = try folder.write(
            "hub.yaml",
            """
            brokers: { one: { type: inmemory } }
            routes: { a: { topic: run.a, kind: queue, broker: one } }
            subscriptions: { x: { topic: run.a, command: [cat] } }
            """)
        for (signal, status) in [(SIGINT, Int32(130)), (SIGTERM, 0)] {
            let service = try HubProcess(shell: "exec $0 run \(file)")
            try await service.waitUntilItCatches(signal)
            service.send(signal)
            #expect(try await service.end().status == status)
        }
    }

    @Test func inMemoryItSaysThatNoOtherProcessCanPublishToIt() async throws {
        let folder = try TestFolder()
        let file = try folder.write(
            "hub.yaml",
            """
            brokers: { one: { type: inmemory } }
            routes: { a: { topic: run.a, kind: queue, broker: one } }
            subscriptions: { x: { topic: run.a, command: [cat] } }
            """)
        let service = try HubProcess(shell: "exec $0 run \(file) 2>\(folder("log"))")
        let warning = "warning in memory of this process: no other one can publish to it hub.broker=one"
        try await condition { (try? folder.text("log").contains(warning)) == true }
        service.send(SIGTERM)
        #expect(try await service.end().status == 0)
    }

    @Test func aCommandThatIsCancelledIsEndedThoughItRefuses() async throws {
        let folder = try TestFolder()
        let script = try folder.write(
            "stubborn", "#!/bin/sh\ntrap '' TERM\necho $$ >\"\(folder("pid"))\"\nsleep 300 &\nwait\nsleep 300\n")
        chmod(script, 0o700)
        let command = try ChildCommand([script], path: nil)
        let task = Task { try await command.run("{}", [:]) }
        try await condition { (try? folder.text("pid").isEmpty) == false }
        let pid = try #require(Int32(try folder.text("pid").trimmingCharacters(in: .whitespacesAndNewlines)))
        // One that nobody ends is ended here, so that this says so.
        let limit = SystemTime.shared.deadline(after: .seconds(20))
        let alarm = SystemTime.shared.alarm(at: limit) { kill(-pid, SIGKILL) }
        defer { SystemTime.shared.silence(alarm) }
        let start = ContinuousClock.now
        task.cancel()
        await #expect(throws: CancellationError.self) { try await task.value }
        #expect(ContinuousClock.now - start >= ChildCommand.patience)
        #expect(ContinuousClock.now - start < .seconds(15))
        #expect(kill(pid, 0) != 0)
    }
}

/// A broker that nobody answers for.
private struct Silent: BrokerDecorator {
    let base: any MessageBroker

    func connect(reporting: @escaping @Sendable (BrokerEvent) -> Void) async throws(BrokerError) {
        do { try await Task.sleep(for: .seconds(300)) } catch { throw BrokerError(.cancelled, "cancelled") }
    }
}

private final class Down: Sendable {
    let isSet = Lock(true)
    let count = Lock(0)

    func check(_ messages: Int) throws(PublishFailure) {
        count.withLock { $0 += 1 }
        if isSet.withLock({ $0 }) {
            throw .refused(BrokerError(.notConnected, "the server is gone"), count: messages)
        }
    }
}
