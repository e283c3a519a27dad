import Messaging

/// One side of a probe: a connected broker, and input that is the same on both sides.
final class ParityBench: Sendable {
    let broker: any MessageBroker
    /// What is asked about: the profile's, whatever the broker says of itself.
    let profile: BrokerProfile
    private let run: String
    private let patience: Duration
    private let made = Lock((destinations: [Destination](), names: 0))

    init(_ broker: any MessageBroker, asking profile: BrokerProfile, run: String, patience: Duration) {
        self.broker = broker
        self.profile = profile
        self.run = run
        self.patience = patience
    }

    var limits: BrokerLimits { profile.limits }

    func can(_ operation: BrokerCapabilities.Operation, _ kind: DestinationKind) -> Bool {
        profile.capabilities.can(operation, on: kind)
    }

    /// A name that no other run has, with this behind it.
    func topic(_ rest: String = "place") -> Topic {
        let number = made.withLock { made in
            made.names += 1
            return made.names
        }
        return Topic(unchecked: "parity.\(run).\(number).\(rest)")
    }

    /// A topic of so many bytes.
    func topic(bytes: Int) -> Topic {
        let name = topic("").name
        return Topic(unchecked: name + String(repeating: "x", count: max(1, bytes - name.utf8.count)))
    }

    /// A destination of this kind, declared; a stream has the group `group`. pubSub needs no declaration.
    func place(
        _ kind: DestinationKind, _ topic: Topic? = nil, _ edit: (inout DestinationDeclaration) -> Void = { _ in }
    ) async throws -> Destination {
        let destination = Destination(topic ?? self.topic(), kind)
        if kind != .pubSub { try await declare(destination, edit) }
        return destination
    }

    func declare(_ destination: Destination, _ edit: (inout DestinationDeclaration) -> Void = { _ in }) async throws {
        var declaration = DestinationDeclaration(destination)
        if destination.kind == .stream { declaration.groups[Self.group] = .init() }
        edit(&declaration)
        made.withLock { $0.destinations.append(destination) }
        try await broker.declare([declaration])
    }

    static let group: GroupName = "group"

    /// Publishes by the call for one, and then a copy by the call for several.
    func publish(_ message: Message, to destination: Destination) async throws {
        let options = PublishOptions(deadline: patience / 2)
        try await broker.publish(message, to: destination, options: options)
        var copy = message
        copy.id = MessageID()
        try await broker.publish([copy], to: destination, options: options)
    }

    /// A consumer of a place.
    func consumer(
        _ destination: Destination, _ edit: (inout Subscription) -> Void = { _ in }
    ) async throws -> any MessageConsumer {
        var subscription = Subscription(destination, group: destination.kind == .stream ? Self.group : nil)
        subscription.maxHold = min(subscription.maxHold, limits.maxHold)
        edit(&subscription)
        return try await broker.subscribe(subscription)
    }

    /// A message of a queue or stream, held.
    func held(in destination: Destination) async throws -> (consumer: any MessageConsumer, receipt: Receipt) {
        let consumer = try await consumer(destination)
        try await broker.publish(Message("held"), to: destination, options: PublishOptions(deadline: patience / 2))
        guard let delivery = try await consumer.receive(upTo: 1, within: patience / 2).first else {
            throw ScenarioFailure("a message of \(destination) did not come")
        }
        return (consumer, delivery.receipt)
    }

    /// What the broker answers to a probe. Throws what is no answer: a hang, or a message that did not come.
    func answer(to probe: ParityProbe, on time: any TimeSource) async throws -> ParityAnswer {
        do {
            try await time.bounded("\(probe)", within: patience) { try await probe.ask(self) }
            return .accepted
        } catch let error as BrokerError {
            return .refused(error.code)
        } catch let failure as PublishFailure {
            let isUnknown = failure.outcomes.values.contains { if case .unknown = $0 { true } else { false } }
            return isUnknown ? .unknown(failure.first.code) : .refused(failure.first.code)
        } catch is StaleAnswer {
            return .stale
        }
    }

    /// Removes what was made, through this broker, or another where this one has ended.
    func cleanUp(by other: any MessageBroker) async {
        for destination in made.withLock({ $0.destinations }) { try? await other.topology?.delete(destination) }
        await broker.close(within: .seconds(1))
    }
}

extension MessageConsumer {
    /// Settles, and throws unless that is done.
    func settled(_ receipt: Receipt, _ settlement: Settlement) async throws {
        switch await settle(receipt, as: settlement) {
        case .settled: return
        case .stale: throw StaleAnswer()
        case .failed(let error): throw error
        }
    }
}
