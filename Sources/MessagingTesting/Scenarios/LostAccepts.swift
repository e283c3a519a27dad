import Messaging

/// A broker to which accepts are said and do not get: what it is for a process that dies before it has said them.
final class LostAccepts: BrokerDecorator {
    let base: any MessageBroker
    private let lost: Observed<Int>

    init(_ base: any MessageBroker, _ lost: Observed<Int>) {
        self.base = base
        self.lost = lost
    }

    func subscribe(_ subscription: Subscription) async throws(BrokerError) -> any MessageConsumer {
        Consumer(base: try await base.subscribe(subscription), lost: lost)
    }

    private struct Consumer: ConsumerDecorator {
        let base: any MessageConsumer
        let lost: Observed<Int>

        func settle(_ settlements: [ReceiptSettlement]) async -> [SettlementOutcome] {
            var outcomes: [SettlementOutcome] = []
            for item in settlements { outcomes.append(await settle(item.receipt, as: item.settlement)) }
            return outcomes
        }

        func settle(_ receipt: Receipt, as settlement: Settlement) async -> SettlementOutcome {
            guard case .accept = settlement else { return await base.settle(receipt, as: settlement) }
            lost.change { $0 += 1 }
            return .settled
        }
    }
}
