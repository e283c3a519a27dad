import Messaging

/// A broker that puts a message into the source of a copy for each that its target takes.
struct Refilling: BrokerDecorator {
    let base: any MessageBroker
    let source: Destination
    let target: Topic

    func publish(
        _ messages: [Message], to destination: Destination, options: PublishOptions
    ) async throws(PublishFailure) -> PublishReceipt {
        let receipt = try await base.publish(messages, to: destination, options: options)
        if destination.topic == target {
            _ = try await base.publish(messages.map { _ in Message("more") }, to: source, options: options)
        }
        return receipt
    }

    func publish(
        _ message: Message, to destination: Destination, options: PublishOptions
    ) async throws(PublishFailure) -> PublishReceipt {
        try await publish([message], to: destination, options: options)
    }
}

/// How many messages a target is given at once.
final class Meeting: Sendable {
    private let wanted: Int
    private let state = Lock((now: 0, most: 0, end: ContinuousClock.Instant?.none))
    /// The most that were.
    var most: Int { state.withLock { $0.most } }

    /// A meeting of this many.
    init(of wanted: Int) { self.wanted = wanted }

    /// Returns once as many have come as are wanted and more had the time to come, or, where they do not come, after a while.
    func enter(_ count: Int) async {
        let patience = state.withLock { state in
            state.now += count
            state.most = max(state.most, state.now)
            if state.most >= wanted, state.end == nil { state.end = .now + .milliseconds(200) }
            return ContinuousClock.now + .seconds(10)
        }
        while ContinuousClock.now < state.withLock({ $0.end ?? patience }) {
            try? await Task.sleep(for: .milliseconds(5))
        }
        state.withLock { $0.end = $0.end ?? .now }
    }

    func leave(_ count: Int) { state.withLock { $0.now -= count } }
}

/// A broker whose publishes wait for each other.
struct MeetingBroker: BrokerDecorator {
    let base: any MessageBroker
    let meeting: Meeting

    func publish(
        _ messages: [Message], to destination: Destination, options: PublishOptions
    ) async throws(PublishFailure) -> PublishReceipt {
        await meeting.enter(messages.count)
        defer { meeting.leave(messages.count) }
        return try await base.publish(messages, to: destination, options: options)
    }

    func publish(
        _ message: Message, to destination: Destination, options: PublishOptions
    ) async throws(PublishFailure) -> PublishReceipt {
        try await publish([message], to: destination, options: options)
    }
}
