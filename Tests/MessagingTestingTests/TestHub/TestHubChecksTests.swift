import InMemoryBroker
import Messaging
import MessagingHub
import MessagingReliability
import MessagingTesting
import Testing

@Suite("A test hub says what is there instead")
struct TestHubChecksTests {
    struct Broken: Error {}
    struct Order: Codable, Hashable { let id: Int }
    static let orders = TypedTopic<Order>("jobs")

    @Test func aCheckThatFailsSaysWhatThereIs() async throws {
        try await withTestHub(TestHubTimeTests.configuration()) { test in
            try await test.hub.subscribe(to: "jobs") { delivery in
                switch delivery.message.body.text {
                case "fails": throw Broken()
                case "rejected": throw Reject("no such customer")
                default: break
                }
            }
            let messages = ["good", "fails", "rejected"].map { Message(Body($0)) }
            try await test.publish(messages, to: "jobs")
            let ids = messages.map(\.id)
            let there =
                "There is: \(ids[0]) at attempt 1 was handled; "
                + "\(ids[1]) at attempt 1 failed (Broken()) and is retried after 1s; "
                + "\(ids[2]) at attempt 1 failed (no such customer) and was dead-lettered as rejected"
            let record = test.topic("jobs")
            func sentence(_ check: (TopicRecord) throws(TestHubError) -> Void) throws -> String {
                let error = #expect(throws: TestHubError.self) { try check(record) }
                #expect(error?.code == .unmet)
                return try #require(error).description
            }
            #expect(
                try sentence { record throws(TestHubError) in try record.requireHandled(2) }
                    == "topic jobs: 2 messages were to be handled, and 1 was. \(there)")
            #expect(
                try sentence { record throws(TestHubError) in try record.requireRetried(0) }
                    == "topic jobs: 0 messages were to be retried, and 1 was. \(there)")
            #expect(
                try sentence { record throws(TestHubError) in try record.requireDeadLettered(1, as: .exhausted) }
                    == "topic jobs: 1 message was to be dead-lettered as exhausted, and 0 were. \(there)")
            #expect(
                try sentence { record throws(TestHubError) in try record.requirePublished(4) }
                    == "topic jobs: 4 messages were to be published, and 3 were. There is: "
                    + ids.map(\.description).joined(separator: "; "))
            #expect(
                try sentence { _ throws(TestHubError) in try test.topic("other").requireHandled(1) }
                    == "topic other: 1 message was to be handled, and 0 were. There is: nothing")
            try record.requireHandled(1)
            try record.requireRetried(1)
            try record.requireDeadLettered(1)
            try record.requirePublished(3)
        }
    }

    @Test func aLongRecordIsCut() async throws {
        try await withTestHub(TestHubTimeTests.configuration()) { test in
            try await test.publish((0..<25).map { Message(Body("\($0)")) }, to: "jobs")
            let error = #expect(throws: TestHubError.self) { try test.topic("jobs").requirePublished(1) }
            #expect(error?.description.hasSuffix("; and 15 more") == true)
        }
    }

    @Test func valuesOfTypedTopicsAreRead() async throws {
        try await withTestHub(TestHubTimeTests.configuration()) { test in
            try await test.hub.subscribe(to: Self.orders) { order, _ in if order.id == 2 { throw Reject("two") } }
            for id in 1...3 { try await test.publish(Order(id: id), to: Self.orders) }
            #expect(try test.published(to: Self.orders).map(\.id) == [1, 2, 3])
            #expect(try test.handled(from: Self.orders).map(\.id) == [1, 3])
            #expect(try test.deadLettered(from: Self.orders) == [Order(id: 2)])
            try await test.publish(Message("no order"), to: "jobs")
            try test.topic(Self.orders).requireDeadLettered(1, as: .undecodable)
            #expect(throws: (any Error).self) { try test.deadLettered(from: Self.orders) }
        }
    }

    @Test func aHandlerThatFeedsItselfIsCaught() async throws {
        let options = TestHubOptions(stepLimit: 500)
        let error = await #expect(throws: TestHubError.self) {
            try await withTestHub(TestHubTimeTests.configuration(), options: options) { test in
                try await test.hub.subscribe(to: "jobs") { [hub = test.hub] delivery in
                    try await hub.publish(Message(delivery.message.body), to: "jobs")
                }
                try await test.publish(Message("again"), to: "jobs")
            }
        }
        #expect(error?.code == .stepLimit)
        #expect(
            error?.description.hasPrefix(
                "handlers ran 500 times without coming to rest; the last was the handler of jobs") == true)
    }

    @Test func aRetryWithoutEndIsCaughtByTheDefaultLimit() async throws {
        let configuration = TestHubTimeTests.configuration {
            $0.deadLetter = .none
            $0.retry = RetryPolicy(attempts: 2, backoff: .constant, delay: .milliseconds(1))
        }
        let message = Message("never")
        try await SystemTime.shared.bounded("catching a loop", within: .seconds(300)) {
            let error = await #expect(throws: TestHubError.self) {
                try await withTestHub(configuration) { test in
                    try await test.hub.subscribe(to: "jobs") { _ in throw Broken() }
                    try await test.publish(message, to: "jobs")
                    try test.topic("jobs").requireRetried(1)
                    try await test.advance(by: .seconds(3600))
                }
            }
            #expect(
                error?.description.hasPrefix(
                    "handlers ran 10000 times without coming to rest; the last was the handler of jobs at attempt 10002 "
                        + "of message \(message.id)") == true, "\(error?.description ?? "")")
        }
    }

    @Test func aBodyThatSwallowsTheLoopDoesNotPass() async throws {
        await #expect(throws: TestHubError.self) {
            try await withTestHub(TestHubTimeTests.configuration(), options: TestHubOptions(stepLimit: 10)) { test in
                try await test.hub.subscribe(to: "jobs") { [hub = test.hub] delivery in
                    try await hub.publish(Message(delivery.message.body), to: "jobs")
                }
                try? await test.publish(Message("again"), to: "jobs")
            }
        }
    }
}
