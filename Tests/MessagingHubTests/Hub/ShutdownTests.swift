import InMemoryBroker
import Messaging
import MessagingHub
import MessagingReliability
import MessagingTesting
import Testing

@Suite(.timeLimit(.minutes(5))) struct ShutdownTests {
    @Test func handlersInFlightFinishAndAreSettled() async throws {
        var fixture = HubFixture()
        try fixture.route("orders")
        let gate = Recorder<Bool>()
        let begun = Recorder<MessageID>()
        try await fixture.run { hub in
            let subscription = try await hub.subscribe(to: "orders") {
                begun.add($0.message.id)
                while gate.count == 0 { try? await Task.sleep(for: .milliseconds(1)) }
            }
            try await hub.publish((0..<20).map { _ in Message() }, to: "orders")
            try await eventually("all workers are busy") { begun.count == 8 }
            async let shutdown: Void = hub.shutdown()
            try await eventually("no more are begun") { subscription.state == .ending }
            gate.add(true)
            await shutdown
            #expect(hub.metrics().handled == 8)
        }
        #expect(begun.count == 8)
        #expect(try await fixture.depth(of: "orders") == 12)
    }

    @Test func whatIsUnfinishedAfterTheGracePeriodIsCancelledAndGoesBackUncounted() async throws {
        let time = VirtualTime()
        var fixture = HubFixture(time: time)
        fixture.configuration.grace = .seconds(10)
        try fixture.route("orders")
        let attempts = Recorder<Int32>()
        try await fixture.run { hub in
            try await hub.subscribe(to: "orders") {
                attempts.add($0.attempt)
                try await time.sleep(for: .seconds(3600))
            }
            try await hub.publish([Message(), Message()], to: "orders")
            try await eventually("both run") { attempts.count == 2 }
            async let shutdown: Void = hub.shutdown()
            for _ in 0..<50 { await Task.yield() }
            #expect(hub.metrics().released == 0)
            time.advance(by: .seconds(9))
            for _ in 0..<50 { await Task.yield() }
            #expect(hub.metrics().released == 0)
            try await advancing(time, until: "the grace period is over") { hub.metrics().released == 2 }
            await shutdown
        }
        try await fixture.run { hub in
            try await hub.subscribe(to: "orders") { attempts.add($0.attempt) }
            try await eventually("both again") { attempts.count == 4 }
        }
        #expect(attempts.all == [1, 1, 1, 1])
    }

    @Test func cancellingTheTaskThatRunsShutsDownInOrder() async throws {
        var fixture = HubFixture()
        try fixture.route("orders")
        let hub = try fixture.make()
        let finished = Recorder<MessageID>()
        let gate = Recorder<Bool>()
        let begun = Recorder<Bool>()
        try await hub.subscribe(to: "orders") {
            begun.add(true)
            while gate.count == 0 { try await Task.sleep(for: .milliseconds(1)) }
            finished.add($0.message.id)
        }
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await hub.run() }
            try await hub.publish(Message(), to: "orders")
            try await eventually("it runs") { begun.count == 1 }
            group.cancelAll()
            gate.add(true)
            try await group.waitForAll()
        }
        #expect(finished.count == 1)
        #expect(try await fixture.depth(of: "orders") == 0)
    }

    @Test(arguments: 0..<10) func aShutdownAtAnyMomentLosesNothingAndRepeatsNothing(seed: Int) async throws {
        var fixture = HubFixture()
        try fixture.route("orders") { $0.retry = RetryPolicy(attempts: 3, delay: .milliseconds(1)) }
        try fixture.route("log", as: .stream) { $0.groups = ["a": .init(), "b": .init()] }
        let recorder = LedgerRecorder()
        let (queue, stream) = (Destination.queue("orders"), Destination.stream("log"))
        for run in 0..<6 {
            try await fixture.run { hub in
                try await hub.subscribe(to: "orders.dead") { recorder.deadLettered($0.message.id, from: queue) }
                try await hub.subscribe(to: "orders") {
                    if $0.message.type == "bad" { throw Failing() }
                    if $0.message.type == "slow" { try? await Task.sleep(for: .milliseconds(2)) }
                    recorder.handled($0.message.id, from: queue)
                }
                for group in ["a", "b"] as [GroupName] {
                    try await hub.subscribe(to: "log", group: group) {
                        recorder.handled($0.message.id, from: stream, group: group)
                    }
                }
                if run < 3 {
                    let types = ["good", "good", "bad", "slow"]
                    let messages = (0..<300).map { Message(type: types[($0 + seed) % 4], key: "\($0 % 5)") }
                    try await hub.publish(messages, to: "orders")
                    recorder.sent(messages, to: queue)
                    let events = (0..<300).map { Message(key: "\($0 % 5)") }
                    try await hub.publish(events, to: "log")
                    recorder.sent(events, to: stream)
                    try await Task.sleep(for: .microseconds(200 * (seed + 1)))
                } else {
                    try await eventually("everything has ended") {
                        let ledger = recorder.ledger
                        return ledger.entries.allSatisfy { $0.lost == 0 } && ledger.entries.count == 2
                    }
                }
            }
        }
        for destination in [queue, stream] {
            let entry = recorder.ledger.entry(of: destination)
            #expect(entry.sent == 900)
            #expect(entry.handled + entry.deadLettered == 900 * entry.groups.count)
            #expect((entry.lost, entry.duplicated) == (0, 0))
        }
    }

    @Test func theServerCrashesUnderLoadAndNothingIsLost() async throws {
        var fixture = HubFixture()
        try fixture.route("orders") {
            $0.publishRetry = RetryPolicy(attempts: 50, backoff: .constant, delay: .milliseconds(5))
        }
        let recorder = LedgerRecorder()
        let queue = Destination.queue("orders")
        let server = fixture.server
        try await fixture.run { hub in
            try await hub.subscribe(to: "orders") { recorder.handled($0.message.id, from: queue) }
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask {
                    for _ in 0..<200 {
                        let messages = (0..<10).map { _ in Message() }
                        try await hub.publish(messages, to: "orders")
                        recorder.sent(messages, to: queue)
                    }
                }
                group.addTask {
                    for _ in 0..<10 {
                        try await Task.sleep(for: .milliseconds(5))
                        server.kill()
                        try await Task.sleep(for: .milliseconds(2))
                        server.start()
                    }
                }
                try await group.waitForAll()
            }
            try await eventually("everything has ended") { recorder.ledger.entry(of: queue).lost == 0 }
        }
        #expect(recorder.ledger.entry(of: queue).sent == 2000)
    }

    @Test func aHandlerThatIgnoresItsCancellationDelaysNoShutdown() async throws {
        let time = VirtualTime()
        var fixture = HubFixture(time: time)
        fixture.configuration.grace = .seconds(1)
        try fixture.route("orders")
        let (begun, gate) = (Recorder<Bool>(), Recorder<Bool>())
        try await fixture.run { hub in
            try await hub.subscribe(to: "orders") { _ in
                begun.add(true)
                while gate.count == 0 { try? await Task.sleep(for: .milliseconds(1)) }
            }
            try await hub.publish(Message(), to: "orders")
            try await eventually("it runs") { begun.count == 1 }
            async let shutdown: Void = hub.shutdown()
            try await advancing(time, until: "shut down") { !hub.isConnected("memory") }
            await shutdown
            gate.add(true)
        }
        #expect(try await fixture.depth(of: "orders") == 1)
    }
}
