import Messaging

/// A broker of a test hub: writes down what is published through it, and counts what it is to hand out.
final class JournaledBroker: BrokerDecorator {
    let base: any MessageBroker
    private let journal: Journal
    private let count = Lock(0)

    init(_ base: any MessageBroker, _ journal: Journal) {
        self.base = base
        self.journal = journal
    }

    var requests: (any Requesting)? {
        base.requests.map { JournaledRequests(base: $0, broker: base.name, journal: journal) }
    }

    func declare(_ declarations: [DestinationDeclaration]) async throws(BrokerError) {
        try await base.declare(declarations)
        let name = base.name
        journal.state.change { state in
            for declaration in declarations { state.outstanding.declared(declaration, at: name) }
        }
    }

    func publish(
        _ messages: [Message], to destination: Destination, options: PublishOptions
    ) async throws(PublishFailure) -> PublishReceipt {
        let items = messages.map { Outgoing($0, to: destination) }
        journal.publishing(items, at: base.name)
        do throws(PublishFailure) {
            let receipt = try await base.publish(messages, to: destination, options: options)
            journal.published(items, at: base.name)
            return receipt
        } catch {
            journal.published(items, at: base.name, errors: error.outcomes.mapValues(\.error))
            throw error
        }
    }

    func publish(
        _ message: Message, to destination: Destination, options: PublishOptions
    ) async throws(PublishFailure) -> PublishReceipt {
        try await publish([message], to: destination, options: options)
    }

    func subscribe(_ subscription: Subscription) async throws(BrokerError) -> any MessageConsumer {
        let number = subscription.kind == .pubSub ? nextNumber() : 0
        let listener = Outstanding.Listener(
            broker: base.name, source: subscription.source, group: subscription.group, number: number)
        journal.state.change { $0.outstanding.joined(listener) }
        do throws(BrokerError) {
            return JournaledConsumer(try await base.subscribe(subscription), listener, journal)
        } catch {
            journal.state.change { $0.outstanding.left(listener) }
            throw error
        }
    }

    private func nextNumber() -> Int {
        count.withLock { count in
            count += 1
            return count
        }
    }
}

/// A consumer of a test hub: counts what it hands out until that is settled for good.
final class JournaledConsumer: ConsumerDecorator {
    private struct State: Sendable {
        var held: [Receipt: MessageID] = [:]
        var hasLeft = false
    }

    let base: any MessageConsumer
    private let listener: Outstanding.Listener
    private let journal: Journal
    private let state = Lock(State())

    init(_ base: any MessageConsumer, _ listener: Outstanding.Listener, _ journal: Journal) {
        self.base = base
        self.listener = listener
        self.journal = journal
    }

    func receive(upTo limit: Int, within wait: Duration) async throws(BrokerError) -> [Delivery] {
        let deliveries: [Delivery]
        do throws(BrokerError) { deliveries = try await base.receive(upTo: limit, within: wait) } catch {
            if error.code == .ended { leave() }
            throw error
        }
        if deliveries.isEmpty { return deliveries }
        state.withLock { state in
            for delivery in deliveries { state.held[delivery.receipt] = delivery.message.id }
        }
        let listener = listener
        journal.state.change { state in
            for delivery in deliveries { state.outstanding.received(delivery.message.id, by: listener) }
        }
        return deliveries
    }

    func settle(_ settlements: [ReceiptSettlement]) async -> [SettlementOutcome] {
        let forwarded = settlements.map(\.settlement.forwarded)
        for items in forwarded where !items.isEmpty { journal.publishing(items, at: listener.broker) }
        let outcomes = await base.settle(settlements)
        for (index, settlement) in settlements.enumerated() where index < outcomes.count {
            note(settlement, forwarded[index], outcomes[index])
        }
        return outcomes
    }

    func settle(_ receipt: Receipt, as settlement: Settlement) async -> SettlementOutcome {
        await settle([ReceiptSettlement(receipt, settlement)]).first ?? .stale
    }

    func stop() async {
        await base.stop()
        leave()
    }

    func cancel() async {
        await base.cancel()
        leave()
    }

    private func note(_ settlement: ReceiptSettlement, _ forwarded: [Outgoing], _ outcome: SettlementOutcome) {
        if !forwarded.isEmpty {
            let error: BrokerError? =
                switch outcome {
                case .settled: nil
                case .stale: BrokerError(.cancelled, "the delivery that it came from was not held any more")
                case .failed(let error): error
                }
            let errors = error.map { error in forwarded.indices.reduce(into: [:]) { $0[$1] = error } } ?? [:]
            journal.published(forwarded, at: listener.broker, errors: errors)
        }
        if case .failed = outcome { return }
        guard let id = state.withLock({ $0.held.removeValue(forKey: settlement.receipt) }) else { return }
        if case .settled = outcome, settlement.settlement.isFinal {
            journal.state.change { [listener] in $0.outstanding.settled(id, by: listener) }
        }
    }

    private func leave() {
        let isFirst = state.withLock { state in
            defer { state.hasLeft = true }
            return !state.hasLeft
        }
        if isFirst { journal.state.change { [listener] in $0.outstanding.left(listener) } }
    }
}

extension Settlement {
    /// What it publishes.
    fileprivate var forwarded: [Outgoing] {
        if case .forward(let items) = self { items } else { [] }
    }

    /// Whether the delivery does not come back.
    fileprivate var isFinal: Bool {
        switch self {
        case .accept, .forward, .discard: true
        case .release, .retry: false
        }
    }
}
