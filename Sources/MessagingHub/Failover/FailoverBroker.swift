public import Messaging

/// Two brokers as one: while the first cannot be reached, the second is published to. For a route that says so.
///
/// What was diverted stays where it is: consumers receive from both brokers, so nothing has to be moved back. What that
/// costs: between the two there is no order, a consumer may hold its window of each, and what a delivery forwards goes
/// to the broker that it came from. A publish of which it is not known whether it arrived is not repeated on the second.
/// It can do what both brokers can; replay is the first one's.
public final class FailoverBroker: BrokerDecorator {
    /// Which broker is published to from now on. Each change is reported once.
    public enum Use: Hashable, Sendable {
        /// The first, as configured.
        case primary
        /// The second, because of what was wrong with the first.
        case fallback(because: BrokerError)

        var isFallback: Bool { self != .primary }
    }

    private struct State: Sendable {
        var use = Use.primary
        var diverted = 0
        var changes = 0
        var report: @Sendable (BrokerEvent) -> Void = { _ in }
    }

    /// The first broker's name, unless the two have one as a pair.
    public let name: BrokerName
    /// The first broker.
    public var base: any MessageBroker { primary.broker }
    let primary: FailoverSide
    let fallback: FailoverSide
    let time: any TimeSource
    let interval: Duration
    private let changed: @Sendable (Use) -> Void
    private let state = Lock(State())

    /// These two brokers, neither connected yet.
    /// - Parameters:
    ///   - name: what the two are called as one. Default: the name of the first.
    ///   - interval: how often a first broker that has not been reached yet is tried again. Default: 1 s.
    ///   - changed: told of each change once, whatever the number of messages; it must not block.
    public init(
        _ primary: any MessageBroker, fallback: any MessageBroker, named name: BrokerName? = nil,
        tryingEvery interval: Duration = .seconds(1), on time: any TimeSource = SystemTime.shared,
        changed: @escaping @Sendable (Use) -> Void
    ) {
        self.name = name ?? primary.name
        self.primary = FailoverSide(primary, every: interval, on: time)
        self.fallback = FailoverSide(fallback, every: interval, on: time)
        self.interval = interval
        self.time = time
        self.changed = changed
    }

    /// Which broker is published to.
    public var use: Use { state.withLock { $0.use } }
    /// How many messages the second broker has confirmed.
    public var divertedCount: Int { state.withLock { $0.diverted } }
    /// How often the second broker had to step in.
    public var fallbackCount: Int { state.withLock { $0.changes } }

    /// What both can do.
    public var capabilities: BrokerCapabilities {
        primary.broker.capabilities.shared(with: fallback.broker.capabilities)
    }
    /// What both can carry.
    public var limits: BrokerLimits { primary.broker.limits.shared(with: fallback.broker.limits) }
    /// Deleting, purging and depth, of both together.
    public var topology: (any TopologyAdministration)? {
        guard let first = primary.broker.topology, let second = fallback.broker.topology else { return nil }
        return FailoverTopology(first: first, second: second, broker: self)
    }

    /// Requests over the broker that is published to; nil unless both have them.
    public var requests: (any Requesting)? {
        guard let first = primary.broker.requests, let second = fallback.broker.requests else { return nil }
        return FailoverRequests(first: first, second: second, broker: self)
    }

    /// Connects both; throws the first one's error when neither could be reached, and when it is of no use to try again: a
    /// first broker that refuses us is there.
    public func connect(reporting: @escaping @Sendable (BrokerEvent) -> Void) async throws(BrokerError) {
        state.withLock { $0.report = reporting }
        let (first, second) = (await problem(with: primary), await problem(with: fallback))
        if let first {
            if second != nil || !first.isRetryable { throw first }
            turn(to: .fallback(because: first))
        }
    }

    /// Why a broker cannot be used now; nil when it can.
    func problem(with side: FailoverSide) async -> BrokerError? {
        let isPrimary = side === primary
        do throws(BrokerError) {
            try await side.ready { [weak self] event in self?.note(event, ofPrimary: isPrimary) }
        } catch {
            return error
        }
        return nil
    }

    private func note(_ event: BrokerEvent, ofPrimary isPrimary: Bool) {
        (isPrimary ? primary : fallback).note(event)
        switch event {
        case .up where !isPrimary: return
        case .down where !isPrimary: return
        case .up: turn(to: .primary)
        case .down(let error): turn(to: .fallback(because: error))
        default: break
        }
        state.withLock { $0.report }(event)
    }

    private func turn(to use: Use) {
        let isChange = state.withLock { state in
            guard state.use.isFallback != use.isFallback else { return false }
            state.use = use
            if use.isFallback { state.changes += 1 }
            return true
        }
        if isChange { changed(use) }
    }

    /// Declares at both. A broker that is away is told when it is there; throws what one refuses, or that both are away.
    /// A group that begins at a position begins with the second broker's first message: positions are the first one's.
    public func declare(_ declarations: [DestinationDeclaration]) async throws(BrokerError) {
        var problems: [BrokerError] = []
        for side in [primary, fallback] {
            let declarations = side === primary ? declarations : declarations.map(\.withoutPositions)
            side.remember(declarations)
            guard let problem = await problem(with: side) else { continue }
            if !problem.isRetryable {
                side.forget(declarations)
                throw problem
            }
            problems.append(problem)
        }
        if problems.count == 2 { throw problems[0] }
    }

    /// Publishes to the first broker, given half the time; what that could not be reached for goes to the second, and what
    /// it only had no time for is tried there again. The receipt has no positions when any message was.
    public func publish(
        _ messages: [Message], to destination: Destination, options: PublishOptions
    ) async throws(PublishFailure) -> PublishReceipt {
        let begin = time.uptime
        let half = options.deadline / 2
        func rest() -> PublishOptions {
            var rest = options
            rest.deadline = max(.zero, options.deadline - (time.uptime - begin))
            return rest
        }
        var outcomes: [Int: PublishFailure.Outcome] = [:]
        if let problem = await problem(with: primary) {
            for index in messages.indices { outcomes[index] = .refused(problem.during(.publish)) }
        } else {
            var options = options
            options.deadline = half
            do throws(PublishFailure) {
                let receipt = try await primary.broker.publish(messages, to: destination, options: options)
                turn(to: .primary)
                return receipt
            } catch {
                outcomes = error.outcomes
            }
        }
        let away = outcomes.filter { $0.value.isUnreachable && messages.indices.contains($0.key) }
        if let first = away.min(by: { $0.key < $1.key })?.value.error {
            let diverted = await divert(messages, away.keys.sorted(), destination, rest(), because: first)
            for (index, outcome) in diverted { outcomes[index] = outcome }
        } else if time.uptime - begin >= half {
            let late = outcomes.filter { $0.value.isLate && messages.indices.contains($0.key) }.keys.sorted()
            let again = await publish(messages, late, destination, rest(), at: primary)
            for (index, outcome) in again { outcomes[index] = outcome }
        }
        if !outcomes.isEmpty { throw PublishFailure(outcomes, of: messages.count) }
        return PublishReceipt()
    }

    /// Publishes one message as many.
    public func publish(
        _ message: Message, to destination: Destination, options: PublishOptions
    ) async throws(PublishFailure) -> PublishReceipt {
        try await publish([message], to: destination, options: options)
    }

    /// Publishes these to the second broker; what became of each, nil for confirmed.
    private func divert(
        _ messages: [Message], _ indices: [Int], _ destination: Destination, _ options: PublishOptions,
        because error: BrokerError
    ) async -> [(Int, PublishFailure.Outcome?)] {
        if await problem(with: fallback) != nil { return [] }
        turn(to: .fallback(because: error))
        let outcomes = await publish(messages, indices, destination, options, at: fallback)
        let confirmed = outcomes.count { $0.1 == nil }
        state.withLock { $0.diverted += confirmed }
        return outcomes
    }

    /// Publishes some of these messages at one of the two; what became of each, nil for confirmed.
    private func publish(
        _ messages: [Message], _ indices: [Int], _ destination: Destination, _ options: PublishOptions,
        at side: FailoverSide
    ) async -> [(Int, PublishFailure.Outcome?)] {
        if indices.isEmpty { return [] }
        var outcomes: [Int: PublishFailure.Outcome] = [:]
        do throws(PublishFailure) {
            try await side.broker.publish(indices.map { messages[$0] }, to: destination, options: options)
        } catch {
            outcomes = error.outcomes
        }
        return indices.enumerated().map { ($1, outcomes[$0]) }
    }

    /// A consumer of both; throws what one refuses, and the first one's error when neither can be reached. It ends when the
    /// first broker's does, save with the end that `until` asks for, which both have to reach. Of the second broker's it is
    /// reported.
    public func subscribe(_ subscription: Subscription) async throws(BrokerError) -> any MessageConsumer {
        let consumer = FailoverConsumer(subscription, of: self)
        if let problem = await consumer.problemOfBoth() { throw problem }
        return consumer
    }

    /// The first one's; degraded, with the reason, while the second is in use.
    public func health() async -> BrokerHealth {
        var health = await primary.broker.health()
        guard case .fallback(let error) = use, health.state != .closed else { return health }
        let other = await fallback.broker.health()
        health.state = other.state == .disconnected ? .disconnected : .degraded
        health.consumers = max(health.consumers, other.consumers)
        health.reason = "broker \(fallback.broker.name) stands in: \(error.sentence)"
        return health
    }

    /// Closes both, at the same time.
    public func close(within grace: Duration) async {
        primary.end()
        fallback.end()
        async let first: Void = primary.broker.close(within: grace)
        await fallback.broker.close(within: grace)
        await first
    }
}

extension PublishFailure.Outcome {
    /// Whether the message is not there because nobody could be reached.
    fileprivate var isUnreachable: Bool {
        guard case .refused(let error) = self else { return false }
        return error.code == .notConnected || error.code == .unavailable
    }

    /// Whether the message is not there because there was no more time.
    fileprivate var isLate: Bool {
        guard case .refused(let error) = self else { return false }
        return error.code == .timeout || error.code == .resourceExhausted
    }
}

extension DestinationDeclaration {
    /// What another broker is told, which knows nothing of these positions.
    fileprivate var withoutPositions: DestinationDeclaration {
        var declaration = self
        for (name, group) in groups {
            if case .position = group.start { declaration.groups[name]?.start = .earliest }
        }
        return declaration
    }
}
