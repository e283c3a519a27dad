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

    /// The first broker's name, unless the two have one as a pair.
    public let name: BrokerName
    /// The first broker.
    public var base: any MessageBroker { primary.broker }
    let primary: FailoverSide
    let fallback: FailoverSide
    let time: any TimeSource
    let interval: Duration
    let record: FailoverRecord
    private let standsIn: @Sendable () -> Void
    private let report = Lock<@Sendable (BrokerEvent) -> Void>({ _ in })

    /// These two brokers, neither connected yet.
    /// - Parameters:
    ///   - name: what the two are called as one. Default: the name of the first.
    ///   - interval: how often a first broker that has not been reached yet is tried again. Default: 1 s.
    ///   - standsIn: called when the second broker is there, for the first time or again; it must not block.
    ///   - changed: told of each change once, whatever the number of messages; it must not block.
    public init(
        _ primary: any MessageBroker, fallback: any MessageBroker, named name: BrokerName? = nil,
        tryingEvery interval: Duration = .seconds(1), on time: any TimeSource = SystemTime.shared,
        standsIn: @escaping @Sendable () -> Void = {},
        changed: @escaping @Sendable (Use) -> Void
    ) {
        self.name = name ?? primary.name
        self.primary = FailoverSide(primary, every: interval, on: time)
        self.fallback = FailoverSide(fallback, every: interval, on: time)
        self.interval = interval
        self.time = time
        self.standsIn = standsIn
        record = FailoverRecord(changed)
    }

    /// Which broker is published to.
    public var use: Use { record.use }
    /// How many messages the second broker has confirmed.
    public var divertedCount: Int { record.diverted }
    /// How often the second broker had to step in.
    public var fallbackCount: Int { record.changes }

    /// What both can do.
    public var capabilities: BrokerCapabilities {
        primary.broker.capabilities.shared(with: fallback.broker.capabilities)
    }
    /// What both can carry.
    public var limits: BrokerLimits { primary.broker.limits.shared(with: fallback.broker.limits) }
    /// What the weaker keeps; nil where neither could be asked.
    public var durability: BrokerDurability? {
        let (first, second) = (primary.broker.durability, fallback.broker.durability)
        guard let first, let second else { return first ?? second }
        return first.shared(with: second)
    }
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
        report.withLock { $0 = reporting }
        async let other = problem(with: fallback, within: nil, connecting: nil)
        let first = await problem(with: primary, within: nil, connecting: nil)
        let second = await other
        if let first {
            if second != nil || !first.isRetryable { throw first }
            turn(to: .fallback(because: first))
        }
    }

    /// Why a broker cannot be used now; nil when it can. Who finds out waits for so long; nil: for as long as that takes.
    func problem(with side: FailoverSide, within limit: Duration?) async -> BrokerError? {
        await problem(with: side, within: limit, connecting: limit.map { min($0, interval) } ?? interval)
    }

    private func problem(
        with side: FailoverSide, within limit: Duration?, connecting patience: Duration?
    ) async -> BrokerError? {
        let isPrimary = side === primary
        do throws(BrokerError) {
            try await side.ready(within: limit, connecting: patience) { [weak self] event in
                self?.note(event, ofPrimary: isPrimary)
            }
        } catch {
            return error
        }
        return nil
    }

    private func note(_ event: BrokerEvent, ofPrimary isPrimary: Bool) {
        (isPrimary ? primary : fallback).note(event)
        switch event {
        case .up where !isPrimary: return standsIn()
        case .down where !isPrimary: return
        case .up: turn(to: .primary)
        case .down(let error): turn(to: .fallback(because: error))
        default: break
        }
        report.withLock { $0 }(event)
    }

    /// A publish that returns late says nothing of a first broker that has gone meanwhile: it has said so itself.
    private func turn(to use: Use) { record.turn(to: use) { use.isFallback || primary.isHeard } }

    /// Declares at both. A broker that is away is told when it is there; throws what one refuses, or that both are away.
    /// What a broker refuses once it is there cannot be published to there; everything else can.
    /// A group that begins at a position begins with the second broker's first message: positions are the first one's.
    public func declare(_ declarations: [DestinationDeclaration]) async throws(BrokerError) {
        var problems: [BrokerError] = []
        for side in [primary, fallback] {
            let declarations = side === primary ? declarations : declarations.map(\.withoutPositions)
            let new = side.remember(declarations)
            let problem = await problem(with: side, within: nil)
            if let problem, problem.isRetryable {
                problems.append(problem)
            } else if let refusal = problem ?? declarations.compactMap({ side.refusal(of: $0.destination) }).first {
                side.forget(new)
                throw refusal
            }
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
        if let problem = await problem(with: primary, within: half) ?? primary.refusal(of: destination) {
            for index in messages.indices { outcomes[index] = .refused(problem.during(.publish)) }
        } else {
            var options = options
            options.deadline = half
            do throws(PublishFailure) {
                let receipt = try await primary.broker.publish(messages, to: destination, options: options)
                turn(to: .primary)
                return receipt
            } catch {
                outcomes = marked(error.answering(messages.count).outcomes, at: primary)
            }
        }
        let away = outcomes.filter { $0.value.isUnreachable }
        if let first = away.min(by: { $0.key < $1.key })?.value.error {
            let diverted = await divert(messages, away.keys.sorted(), destination, rest(), because: first)
            for (index, outcome) in diverted { outcomes[index] = outcome }
        } else if time.uptime - begin >= half {
            let late = outcomes.filter { $0.value.isLate }.keys.sorted()
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

    /// Publishes again: what may have arrived at one of the two goes to that one, and never to the other.
    @discardableResult
    func publish(
        _ messages: [Message], after before: [PublishFailure.Outcome?], to destination: Destination,
        options: PublishOptions
    ) async throws(PublishFailure) -> PublishReceipt {
        let begin = time.uptime
        var outcomes: [Int: PublishFailure.Outcome] = [:]
        for side in [nil, primary, fallback] {
            let place = side.map { name(of: $0) }
            let indices = messages.indices.filter { before[$0]?.place == place }
            if indices.isEmpty { continue }
            var options = options
            options.deadline = max(.zero, options.deadline - (time.uptime - begin))
            if let side {
                let done = await publish(messages, indices, destination, options, at: side)
                for (index, outcome) in done { outcomes[index] = outcome }
            } else {
                do throws(PublishFailure) {
                    _ = try await publish(indices.map { messages[$0] }, to: destination, options: options)
                } catch {
                    for (number, outcome) in error.outcomes {
                        outcomes[indices[number]] = outcome
                    }
                }
            }
        }
        if !outcomes.isEmpty { throw PublishFailure(outcomes, of: messages.count) }
        return PublishReceipt()
    }

    private func name(of side: FailoverSide) -> String { side === primary ? "first" : "second" }

    /// These outcomes of a publish at one of the two; what may have arrived says at which.
    private func marked(
        _ outcomes: [Int: PublishFailure.Outcome], at side: FailoverSide
    ) -> [Int: PublishFailure.Outcome] {
        outcomes.mapValues { outcome in
            guard case .unknown(var error) = outcome else { return outcome }
            error.details[PublishFailure.Outcome.place] = name(of: side)
            return .unknown(error)
        }
    }

    /// Publishes these to the second broker; what became of each, nil for confirmed.
    private func divert(
        _ messages: [Message], _ indices: [Int], _ destination: Destination, _ options: PublishOptions,
        because error: BrokerError
    ) async -> [(Int, PublishFailure.Outcome?)] {
        let begin = time.uptime
        if await problem(with: fallback, within: options.deadline) != nil { return [] }
        if fallback.refusal(of: destination) != nil { return [] }
        turn(to: .fallback(because: error))
        var options = options
        options.deadline = max(.zero, options.deadline - (time.uptime - begin))
        return await publish(messages, indices, destination, options, at: fallback)
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
            outcomes = marked(error.answering(indices.count).outcomes, at: side)
        }
        let confirmed = indices.indices.count { outcomes[$0] == nil }
        if side === fallback { record.divert(confirmed) }
        return indices.enumerated().map { ($1, outcomes[$0]) }
    }

    /// A consumer of both; throws what one refuses, and the first one's error when neither can be reached. It ends when the
    /// first broker's does, save with the end that `until` asks for, which both have to reach. Of the second broker's it is
    /// reported.
    public func subscribe(_ subscription: Subscription) async throws(BrokerError) -> any MessageConsumer {
        let consumer = FailoverConsumer(subscription, of: self)
        if let problem = await consumer.problemOfBoth(within: nil) { throw problem }
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
        async let first: Void = close(primary, within: grace)
        await close(fallback, within: grace)
        await first
    }

    private func close(_ side: FailoverSide, within grace: Duration) async {
        let end = time.deadline(after: grace)
        await side.end(within: grace)
        await side.broker.close(within: max(.zero, end - time.uptime))
    }
}

extension PublishFailure.Outcome {
    fileprivate static let place = "pair"

    /// At which of the two the message may have arrived; nil where it has at neither.
    fileprivate var place: String? {
        guard case .unknown(let error) = self else { return nil }
        return error.details[Self.place]
    }

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
