package import Messaging

/// What was asked of a broker, and what it answered.
package struct Traffic: Sendable {
    /// A receive that returned.
    package struct Receive: Sendable {
        package let messages: [MessageID]
        /// Whether some of it was handed out for the first time.
        package let isNew: Bool
    }

    /// A call of `settle`.
    package struct Settle: Sendable {
        /// `accept`, `release`, `retry`, `forward` or `discard`, settlement by settlement.
        package let verbs: [String]
        package let outcomes: [SettlementOutcome]
    }

    package var connects = 0
    package var events: [BrokerEvent] = []
    package var subscriptions: [Subscription] = []
    package var receives: [Receive] = []
    package private(set) var settles: [Settle] = []
    private var counts: [String: Int] = [:]

    package init() {}

    /// How many settlements of this verb were answered `settled`.
    package func settled(_ verb: String) -> Int { counts[verb] ?? 0 }

    /// How many deliveries were handed out.
    package var deliveries: Int { receives.reduce(0) { $0 + $1.messages.count } }

    /// Adds a call of `settle`.
    mutating func append(_ settle: Settle) {
        settles.append(settle)
        for (verb, outcome) in zip(settle.verbs, settle.outcomes) where outcome == .settled {
            counts[verb, default: 0] += 1
        }
    }
}

/// A broker that writes down what is asked of it, and changes nothing.
package final class TrafficMeter: BrokerDecorator {
    package let base: any MessageBroker
    private let traffic: Observed<Traffic>

    package init(_ base: any MessageBroker, into traffic: Observed<Traffic>) {
        self.base = base
        self.traffic = traffic
    }

    package func connect(reporting: @escaping @Sendable (BrokerEvent) -> Void) async throws(BrokerError) {
        let traffic = traffic
        traffic.change { $0.connects += 1 }
        try await base.connect { event in
            traffic.change { $0.events.append(event) }
            reporting(event)
        }
    }

    package func subscribe(_ subscription: Subscription) async throws(BrokerError) -> any MessageConsumer {
        traffic.change { $0.subscriptions.append(subscription) }
        return Consumer(base: try await base.subscribe(subscription), traffic: traffic)
    }

    private struct Consumer: ConsumerDecorator {
        let base: any MessageConsumer
        let traffic: Observed<Traffic>

        func receive(upTo limit: Int, within wait: Duration) async throws(BrokerError) -> [Delivery] {
            let deliveries = try await base.receive(upTo: limit, within: wait)
            let isNew = deliveries.contains { $0.attempt == 1 }
            traffic.change { $0.receives.append(.init(messages: deliveries.map(\.message.id), isNew: isNew)) }
            return deliveries
        }

        func settle(_ settlements: [ReceiptSettlement]) async -> [SettlementOutcome] {
            let outcomes = await base.settle(settlements)
            note(settlements.map(\.settlement), outcomes)
            return outcomes
        }

        func settle(_ receipt: Receipt, as settlement: Settlement) async -> SettlementOutcome {
            let outcome = await base.settle(receipt, as: settlement)
            note([settlement], [outcome])
            return outcome
        }

        private func note(_ settlements: [Settlement], _ outcomes: [SettlementOutcome]) {
            let verbs = settlements.map { String($0.word.prefix { $0 != " " }) }
            traffic.change { $0.append(.init(verbs: verbs, outcomes: outcomes)) }
        }
    }
}
