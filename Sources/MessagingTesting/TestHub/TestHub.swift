public import Messaging
public import MessagingHub

/// A hub under test, and what happened in it. `withTestHub` makes it.
///
/// Code under test gets `hub`, a hub like any other. What the test does through this object returns when all the work
/// that it caused has settled: handlers, what they send on, retries that are due, dead letters. What waits for a later
/// moment of the hub's clock does not count; `advance(by:)` moves that.
public final class TestHub: Sendable {
    enum Ground: Sendable {
        case memory(TestClock, Activity, StepExecutor)
        case live
    }

    /// The hub itself, for the code under test. What is published through it directly settles with the next call here.
    public let hub: MessageHub
    /// The hub's clock. In memory it stands still between calls of `advance(by:)`, and begins at
    /// `VirtualTime.beginning`; code under test that looks at times is to be given this one.
    public let time: any TimeSource
    /// Whether real brokers and real time are in use.
    public var isLive: Bool { if case .live = ground { true } else { false } }
    let journal: Journal
    private let ground: Ground
    private let patience: Duration

    init(_ hub: MessageHub, _ journal: Journal, _ ground: Ground, patience: Duration) {
        self.hub = hub
        self.journal = journal
        self.ground = ground
        self.patience = patience
        time = journal.time
    }

    // MARK: Acting

    /// Publishes a message; returns when all the work that it caused has settled.
    ///
    /// Throws what the hub throws, and a `TestHubError` when the work does not settle.
    public func publish(_ message: Message, to topic: Topic) async throws {
        try await act("publishing to \(topic)") { [hub] in _ = try await hub.publish(message, to: topic) }
    }

    /// Publishes many as one call; returns when all the work that they caused has settled.
    public func publish(_ messages: [Message], to topic: Topic) async throws {
        try await act("publishing to \(topic)") { [hub] in _ = try await hub.publish(messages, to: topic) }
    }

    /// Publishes a value as JSON; returns when all the work that it caused has settled.
    public func publish<Value: Encodable & Sendable>(
        _ value: Value, to topic: TypedTopic<Value>, key: String? = nil, headers: Headers = Headers()
    ) async throws {
        try await act("publishing to \(topic.topic)") { [hub] in
            _ = try await hub.publish(value, to: topic, key: key, headers: headers)
        }
    }

    /// Returns when all work has settled: after code under test has published by itself.
    ///
    /// Live it waits, up to the patience of the options, until every message that this process published, or has
    /// received, is settled by each of this process's subscriptions that it reaches by its topic.
    public func settled() async throws {
        journal.beginStep()
        try await settle("the hub")
    }

    /// Moves the hub's clock, moment by moment of what falls due, and returns when all of that has settled. Live it
    /// waits for so long.
    public func advance(by duration: Duration) async throws {
        journal.beginStep()
        switch ground {
        case .live: try await time.sleep(for: duration)
        case .memory(let clock, let activity, _):
            try await wait(for: .idle, activity, "the hub")
            let target = clock.deadline(after: duration)
            while let next = clock.nextAlarm, next <= target {
                clock.advance(to: next)
                try await wait(for: .idle, activity, "advancing by \(duration.optionText)")
            }
            clock.advance(to: target)
        }
        try await settle("advancing by \(duration.optionText)")
    }

    private func act(_ what: String, _ work: @escaping @Sendable () async throws -> Void) async throws {
        journal.beginStep()
        do {
            try await SystemTime.shared.bounded(what, within: patience, on: executor, work)
        } catch let error as Overdue {
            throw TestHubError(.unsettled, "\(error): it waits for room, or for the clock to move")
        }
        try await settle(what)
    }

    private var executor: StepExecutor? {
        if case .memory(_, _, let executor) = ground { executor } else { nil }
    }

    private func settle(_ what: String) async throws {
        switch ground {
        case .memory(_, let activity, _): try await wait(for: .settled, activity, what)
        case .live:
            let moment = time.now
            let isSettled = await journal.state.first(within: patience) { state in
                state.error != nil || state.outstanding.count(at: moment) == 0
            }
            try check(isSettled != nil, what)
        }
    }

    private func wait(for stillness: Activity.Stillness, _ activity: Activity, _ what: String) async throws {
        try check(await activity.wait(for: stillness, within: patience), what)
    }

    private func check(_ isSettled: Bool, _ what: String) throws {
        let state = journal.state.value
        if let error = state.error { throw error }
        if isSettled { return }
        try Task.checkCancellation()
        let running = state.runs.filter { $0.outcome == .running }
        throw TestHubError.unsettled(what, within: patience, running, state.outstanding.count(at: time.now))
    }

    // MARK: Looking

    /// How many messages are to be handled now, or are being handled: 0 once everything has settled, those aside whose
    /// handlers wait for the clock.
    package var unsettledCount: Int { journal.state.value.outstanding.count(at: time.now) }

    /// What happened on a topic so far.
    public func topic(_ topic: Topic) -> TopicRecord {
        let state = journal.state.value
        let sent = state.published.filter { $0.destination.topic == topic }
        return TopicRecord(
            topic: topic, published: sent.filter { $0.error == nil }, refused: sent.filter { $0.error != nil },
            runs: state.runs.filter { $0.topic == topic },
            deadLettered: state.deadLettered.filter { $0.topic == topic })
    }

    /// What happened on a typed topic so far.
    public func topic<Value>(_ topic: TypedTopic<Value>) -> TopicRecord { self.topic(topic.topic) }

    /// The values that were published to a topic and confirmed. Throws where a body is no such value.
    public func published<Value: Decodable & Sendable>(to topic: TypedTopic<Value>) throws -> [Value] {
        try self.topic(topic).published.map { try MessageHub.decoded(Value.self, $0.message.body) }
    }

    /// The values that its handlers have handled, in the order of the beginnings; each as often as it was.
    public func handled<Value: Decodable & Sendable>(from topic: TypedTopic<Value>) throws -> [Value] {
        try self.topic(topic).handled.map { try MessageHub.decoded(Value.self, $0.message.body) }
    }

    /// The values that its handlers gave up. Throws where a body is no such value, as that of an undecodable one.
    public func deadLettered<Value: Decodable & Sendable>(from topic: TypedTopic<Value>) throws -> [Value] {
        try self.topic(topic).deadLettered.map { try MessageHub.decoded(Value.self, $0.message.body) }
    }
}
