import InMemoryBroker
import Messaging
import MessagingHub
import MessagingReliability
import MessagingTesting
import Testing

/// What becomes of a message whose handler fails, in a hub on a virtual clock.
@Suite(.timeLimit(.minutes(5))) struct FailurePathTests {
    private struct Run: Sendable {
        let attempt: Int32
        let at: Duration
    }

    @Test("S0-61 a handler that returns has its message accepted; one that throws gets it again")
    func acceptedOrAgain() async throws {
        let time = VirtualTime()
        var fixture = HubFixture(time: time)
        try fixture.route("orders")
        let runs = Recorder<Int32>()
        try await fixture.run { hub in
            try await hub.subscribe(to: "orders") { delivery in
                if runs.add(delivery.attempt) == 1 { throw Failing() }
            }
            try await hub.publish(Message(), to: "orders")
            try await advancing(time, until: "two runs") { hub.metrics().handled == 1 }
        }
        #expect(runs.all == [1, 2])
        #expect(try await fixture.depth(of: "orders") == 0)
    }

    @Test("S0-62 S3-56 S4-55 after the last run the message is in the dead-letter queue with reason and origin")
    func deadLetter() async throws {
        let time = VirtualTime()
        var fixture = HubFixture(time: time)
        try fixture.route("orders") { $0.retry = RetryPolicy(attempts: 3, delay: .seconds(1)) }
        let (runs, letters) = (Recorder<Run>(), Recorder<Message>())
        let original = Message("body", type: "order", key: "k", headers: ["mine": "1"])
        try await fixture.run { hub in
            try await hub.subscribe(to: "orders.dead") { letters.add($0.message) }
            try await hub.subscribe(to: "orders") { delivery in
                runs.add(Run(attempt: delivery.attempt, at: time.uptime))
                throw Failing(description: "no stock")
            }
            try await hub.publish(original, to: "orders")
            try await advancing(time, until: "the dead letter") {
                letters.count == 1 && hub.metrics().deadLettered == 1
            }
        }
        #expect(runs.all.map(\.attempt) == [1, 2, 3])
        let letter = try #require(letters.all.first)
        #expect(letter.id == original.id)
        #expect(letter.body == "body")
        #expect(letter.key == "k")
        #expect(letter.headers["mine"] == "1")
        #expect(letter.headers[.deadLetterReason] == "exhausted")
        #expect(letter.headers[.deadLetterOrigin] == "orders")
        #expect(letter.headers[.deadLetterAttempt] == "3")
        #expect(letter.headers[.deadLetterError] == "no stock")
        let (first, last) = (letter.headers[.deadLetterFirstFailure], letter.headers[.deadLetterLastFailure])
        #expect(first.map { $0 < last ?? "" } == true)
        #expect(try await fixture.depth(of: "orders") == 0)
        #expect(try await fixture.depth(of: "orders.dead") == 0)
    }

    @Test("S4-56 the dead-letter topic that a route names can be subscribed to")
    func namedDeadLetterTopic() async throws {
        var fixture = HubFixture()
        try fixture.route("my-agent") { $0.deadLetter = .topic("dlq.my-agent") }
        let letters = Recorder<Message>()
        try await fixture.run { hub in
            try await hub.subscribe(to: "dlq.my-agent") { letters.add($0.message) }
            try await hub.subscribe(to: "my-agent") { _ in throw Reject("not for me") }
            try await hub.publish(Message("x"), to: "my-agent")
            try await eventually("the dead letter") { letters.count == 1 }
        }
        #expect(letters.all[0].headers[.deadLetterReason] == "rejected")
        #expect(letters.all[0].headers[.deadLetterError] == "not for me")
    }

    @Test("S3-57 a retry delay of 60 s: the second run is at 60 s or later, and not a second later")
    func oneMinute() async throws {
        var fixture = HubFixture()
        try fixture.route("orders") {
            $0.retry = RetryPolicy(attempts: 2, backoff: .constant, delay: .seconds(60), maximumDelay: .seconds(60))
        }
        let runs = Recorder<Duration>()
        try await withTestHub(fixture.configuration, brokers: [.inMemory()]) { test in
            try await test.hub.subscribe(to: "orders") { _ in
                runs.add(test.time.uptime)
                if runs.count == 1 { throw Failing() }
            }
            try await test.publish(Message(), to: "orders")
            try await test.advance(by: .seconds(59))
            #expect(runs.count == 1)
            try await test.advance(by: .seconds(10))
        }
        try #require(runs.count == 2)
        let gap = runs.all[1] - runs.all[0]
        #expect(gap >= .seconds(60) && gap <= .seconds(61))
    }

    @Test("S3-55 with 3 retries, a handler that always fails runs 4 times", arguments: DestinationKind.allCases)
    func fourRuns(kind: DestinationKind) async throws {
        let time = VirtualTime()
        var fixture = HubFixture(time: time)
        try fixture.route("orders", as: kind) { $0.retry = RetryPolicy(attempts: 4, delay: .milliseconds(10)) }
        let runs = Recorder<Int32>()
        try await fixture.run { hub in
            try await hub.subscribe(to: "orders", group: kind == .stream ? "g" : nil) {
                runs.add($0.attempt)
                throw Failing()
            }
            try await hub.publish(Message(), to: "orders")
            let isGivenUp = { hub.metrics().deadLettered + hub.metrics().dropped == 1 }
            try await advancing(time, until: "given up") { isGivenUp() }
            for _ in 0..<20 {
                time.advance(by: .seconds(60))
                await Task.yield()
            }
        }
        #expect(runs.all == (kind == .pubSub ? [1] : [1, 2, 3, 4]))
    }

    @Test("S0-104 an error that lies in the message itself is dead-lettered at once")
    func permanentError() async throws {
        var fixture = HubFixture()
        try fixture.route("orders")
        let letters = Recorder<Message>()
        try await fixture.run { hub in
            try await hub.subscribe(to: "orders.dead") { letters.add($0.message) }
            try await hub.subscribe(to: "orders") { _ in throw BrokerError(.schema, "no price") }
            try await hub.publish(Message(), to: "orders")
            try await eventually("the dead letter") { letters.count == 1 }
            #expect(hub.metrics().failed == 1)
        }
        #expect(letters.all[0].headers[.deadLetterReason] == "rejected")
        #expect(letters.all[0].headers[.deadLetterAttempt] == "1")
    }

    @Test("S0-102 two message types have different numbers of runs")
    func byType() async throws {
        var fixture = HubFixture()
        try fixture.route("orders") {
            $0.retry = RetryPolicy(attempts: 2, delay: .milliseconds(1))
            $0.retryByType = ["b": RetryPolicy(attempts: 4, delay: .milliseconds(1))]
        }
        let runs = Recorder<String>()
        try await fixture.run { hub in
            try await hub.subscribe(to: "orders") {
                runs.add($0.message.type)
                throw Failing()
            }
            try await hub.publish([Message(type: "a"), Message(type: "b")], to: "orders")
            try await eventually("both given up") { hub.metrics().deadLettered == 2 }
        }
        #expect(runs.all.count { $0 == "a" } == 2)
        #expect(runs.all.count { $0 == "b" } == 4)
    }

    @Test func anUndecodableBodyIsDeadLetteredAtItsFirstAttempt() async throws {
        struct Order: Codable, Sendable, Equatable { var number: Int }
        var fixture = HubFixture()
        try fixture.route("orders")
        let (orders, letters) = (Recorder<Order>(), Recorder<Message>())
        let topic = TypedTopic<Order>("orders")
        try await fixture.run { hub in
            try await hub.subscribe(to: "orders.dead") { letters.add($0.message) }
            try await hub.subscribe(to: topic) { order, _ in orders.add(order) }
            try await hub.publish(Message("not JSON"), to: "orders")
            try await hub.publish(Order(number: 7), to: topic)
            try await eventually("both") { letters.count == 1 && orders.count == 1 }
            #expect(hub.metrics().retried == 0)
        }
        #expect(orders.all == [Order(number: 7)])
        #expect(letters.all[0].headers[.deadLetterReason] == "undecodable")
        #expect(letters.all[0].headers[.deadLetterAttempt] == "1")
    }

    /// The decoder reads the bytes where they are, which may be a C client's; a null body has none, and an empty one no JSON.
    @Test func aValueIsReadFromBytesThatBelongToSomebodyElse() async throws {
        struct Order: Codable, Sendable, Equatable { var name: String }
        var fixture = HubFixture()
        try fixture.route("orders")
        let (orders, letters) = (Recorder<Order>(), Recorder<Message>())
        let topic = TypedTopic<Order>("orders")
        let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: 64, alignment: 1)
        memory.initializeMemory(as: UInt8.self, repeating: UInt8(ascii: " "))
        memory.copyBytes(from: #"{"name":"a name that is too long to stand in place"}"#.utf8)
        let bytes = ForeignBytes(UnsafeRawBufferPointer(memory), handle: OpaquePointer(memory.baseAddress)) { handle in
            UnsafeMutableRawPointer(handle)?.deallocate()
        }
        let foreign = Message(Body(owner: bytes))
        try await fixture.run { hub in
            try await hub.subscribe(to: "orders.dead") { letters.add($0.message) }
            try await hub.subscribe(to: topic) { order, _ in orders.add(order) }
            try await hub.publish([foreign, Message(.null), Message(.empty)], to: "orders")
            try await eventually("all") { letters.count == 2 && orders.count == 1 }
        }
        #expect(orders.all == [Order(name: "a name that is too long to stand in place")])
        #expect(letters.all.allSatisfy { $0.headers[.deadLetterReason] == "undecodable" })
    }

    @Test func withoutADeadLetterDestinationItIsTriedForEverAndAnAlarmStands() async throws {
        let time = VirtualTime()
        var fixture = HubFixture(time: time)
        try fixture.route("orders") {
            $0.deadLetter = .none
            $0.retry = RetryPolicy(attempts: 3, delay: .seconds(1), maximumDelay: .seconds(4))
        }
        let runs = Recorder<Duration>()
        try await fixture.run { hub in
            try await hub.subscribe(to: "orders") { _ in
                if runs.add(time.uptime) < 50 { throw Failing() }
            }
            try await hub.publish(Message(), to: "orders")
            for (run, gap) in ([1, 2] + Array(repeating: 2, count: 47)).enumerated() {
                try await eventually("run \(run + 1)") { runs.count == run + 1 }
                try await eventually("it went back") { try await fixture.held(in: "orders") == 0 }
                if run == 40 { #expect(await hub.health().alarms.count == 1) }
                time.advance(by: .seconds(gap) - .milliseconds(1))
                #expect(runs.count == run + 1)
                time.advance(by: .milliseconds(1))
            }
            try await eventually("accepted in the end") { hub.metrics().handled == 1 }
            #expect(await hub.health().alarms.isEmpty)
        }
        #expect(runs.count == 50)
        #expect(fixture.log.records(of: "message kept").count == 1)
    }

    @Test func whereOrderIsKeptAFailedMessageHoldsUpItsKeyAndNoOther() async throws {
        let time = VirtualTime()
        var fixture = HubFixture(time: time)
        try fixture.route("orders") {
            $0.order = .perKey
            $0.retry = RetryPolicy(attempts: 3, delay: .seconds(1))
        }
        let runs = Recorder<String>()
        try await fixture.run { hub in
            try await hub.subscribe(to: "orders", concurrency: 16) { delivery in
                let name = "\(delivery.message.key ?? "")\(delivery.message.body.text ?? "").\(delivery.attempt)"
                runs.add(name)
                if name == "a0.1" || name == "a0.2" { throw Failing() }
            }
            var messages: [Message] = []
            for number in 0..<3 {
                for key in ["a", "b", "c"] { messages.append(Message(Body("\(number)"), key: key)) }
            }
            try await hub.publish(messages, to: "orders")
            try await advancing(time, until: "all") { hub.metrics().handled == 9 }
        }
        for key in ["b", "c"] { #expect(runs.all.filter { $0.hasPrefix(key) } == (0..<3).map { "\(key)\($0).1" }) }
        #expect(runs.all.filter { $0.hasPrefix("a") } == ["a0.1", "a0.2", "a0.3", "a1.1", "a2.1"])
    }

    @Test func whereAllKeepOneOrderAFailedMessageHoldsUpEveryOtherAndOneHandlerRunsAtATime() async throws {
        let time = VirtualTime()
        var fixture = HubFixture(time: time)
        try fixture.route("orders") {
            $0.order = .all
            $0.retry = RetryPolicy(attempts: 3, delay: .seconds(1))
        }
        let runs = Recorder<String>()
        let running = Lock(0)
        try await fixture.run { hub in
            try await hub.subscribe(to: "orders", concurrency: 16) { delivery in
                #expect(
                    running.withLock {
                        $0 += 1; return $0
                    } == 1)
                defer { running.withLock { $0 -= 1 } }
                await Task.yield()
                let name = "\(delivery.message.body.text ?? "").\(delivery.attempt)"
                runs.add(name)
                if name == "0.1" || name == "0.2" { throw Failing() }
            }
            try await hub.publish((0..<40).map { Message(Body("\($0)"), key: $0 == 7 ? nil : "k\($0)") }, to: "orders")
            try await advancing(time, until: "all") { hub.metrics().handled == 40 }
        }
        #expect(runs.all == ["0.1", "0.2", "0.3"] + (1..<40).map { "\($0).1" })
    }

    @Test func whereOrderIsKeptAndNobodyTakesDeadLettersTheSubscriptionPauses() async throws {
        let time = VirtualTime()
        var fixture = HubFixture(time: time)
        try fixture.route("orders") {
            $0.order = .perKey
            $0.deadLetter = .none
            $0.retry = RetryPolicy(attempts: 2, delay: .seconds(1), maximumDelay: .seconds(1))
        }
        let runs = Recorder<String>()
        let isMended = Recorder<Bool>()
        try await fixture.run { hub in
            let subscription = try await hub.subscribe(to: "orders") { delivery in
                runs.add(delivery.message.body.text ?? "")
                if delivery.message.body == "1", isMended.count == 0 { throw Failing() }
            }
            try await hub.publish([Message("1", key: "k"), Message("2", key: "k")], to: "orders")
            try await advancing(time, until: "paused") { subscription.state == .paused }
            #expect(await hub.health().alarms.count == 1)
            try await advancing(time, until: "several pauses") { runs.count >= 6 }
            #expect(!runs.all.contains("2"))
            isMended.add(true)
            try await advancing(time, until: "handled in order") { hub.metrics().handled == 2 }
            #expect(await hub.health().alarms.isEmpty)
        }
        #expect(runs.all.last == "2")
    }

    @Test func aRunThatTakesTooLongIsCancelledAndTriedAgain() async throws {
        let time = VirtualTime()
        var fixture = HubFixture(time: time)
        try fixture.route("orders") {
            $0.timeout = .seconds(5)
            $0.retry = RetryPolicy(attempts: 2, delay: .seconds(1))
        }
        let (runs, letters) = (Recorder<Run>(), Recorder<Message>())
        try await fixture.run { hub in
            try await hub.subscribe(to: "orders.dead") { letters.add($0.message) }
            try await hub.subscribe(to: "orders", concurrency: 2) { delivery in
                if delivery.message.type == "quick" { return }
                runs.add(Run(attempt: delivery.attempt, at: time.uptime))
                try await time.sleep(for: .seconds(3600))
            }
            try await hub.publish(Message(type: "slow"), to: "orders")
            try await advancing(time, until: "given up") { letters.count == 1 }
            try await hub.publish((0..<20).map { _ in Message(type: "quick") }, to: "orders")
            try await advancing(time, until: "both workers go on") { hub.metrics().handled == 21 }
        }
        #expect(runs.all.map(\.attempt) == [1, 2])
        let error = letters.all[0].headers[.deadLetterError] ?? ""
        #expect(error.contains("longer than 5s"))
    }

    @Test func whereOrderIsKeptARunThatTookTooLongRunsAgainHere() async throws {
        let time = VirtualTime()
        var fixture = HubFixture(time: time)
        try fixture.route("orders") {
            $0.order = .perKey
            $0.timeout = .seconds(5)
            $0.retry = RetryPolicy(attempts: 3, delay: .seconds(1))
        }
        let runs = Recorder<String>()
        try await fixture.run { hub in
            try await hub.subscribe(to: "orders") { delivery in
                runs.add("\(delivery.message.body.text ?? "").\(delivery.attempt)")
                if delivery.message.body == "1", delivery.attempt < 3 { try await time.sleep(for: .seconds(60)) }
            }
            try await hub.publish([Message("1", key: "k"), Message("2", key: "k")], to: "orders")
            try await advancing(time, until: "both") { hub.metrics().handled == 2 }
        }
        #expect(runs.all == ["1.1", "1.2", "1.3", "2.1"])
    }

    @Test func aDeadLetterThatIsRefusedLeavesTheOriginal() async throws {
        var fixture = HubFixture()
        try fixture.route("orders") { $0.retry = RetryPolicy(attempts: 1, delay: .milliseconds(20)) }
        try fixture.route("orders.dead") {
            $0.maximumMessages = 1
            $0.whenFull = .refuse
        }
        let runs = Recorder<MessageID>()
        try await fixture.run { hub in
            try await hub.publish(Message("in the way"), to: "orders.dead")
            try await hub.subscribe(to: "orders") {
                runs.add($0.message.id)
                throw Failing()
            }
            try await hub.publish(Message(), to: "orders")
            try await eventually("tried again") { runs.count >= 3 }
            #expect(hub.metrics().deadLettered == 0)
            #expect(await hub.health().alarms.count == 1)
            try await hub.subscribe(to: "orders.dead") { _ in }
            try await eventually("dead-lettered once there is room") { hub.metrics().deadLettered == 1 }
        }
        #expect(try await fixture.depth(of: "orders") == 0)
    }

    @Test func theBrokersOwnDeadLettersAreUsedWhereTheRouteSaysSo() async throws {
        var fixture = HubFixture()
        try fixture.route("orders") {
            $0.deadLetter = .broker("failed")
            $0.retry = RetryPolicy(attempts: 1)
        }
        let letters = Recorder<Message>()
        try await fixture.run { hub in
            try await hub.subscribe(to: "failed") { letters.add($0.message) }
            try await hub.subscribe(to: "orders") { _ in throw Failing() }
            try await hub.publish(Message("x"), to: "orders")
            try await eventually("the dead letter") { letters.count == 1 }
        }
        #expect(letters.all.map(\.body) == ["x"])
    }
}
