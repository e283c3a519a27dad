import Messaging

extension MessageHub {
    /// The brokers for which another one stands in, with that one.
    var pairs: [FailoverBroker] { Self.pairs(in: brokers) }

    static func pairs(in brokers: [BrokerName: any MessageBroker]) -> [FailoverBroker] {
        brokers.values.compactMap { $0 as? FailoverBroker }
    }
}

extension HubMetrics {
    /// Adds what the second brokers of pairs had to do.
    mutating func add(_ pairs: [FailoverBroker]) {
        for pair in pairs {
            fallbacks += pair.fallbackCount
            diverted += pair.divertedCount
        }
    }
}

extension FailoverBroker {
    /// The one of the two that has this name.
    func half(_ name: BrokerName) -> FailoverSide? { [primary, fallback].first { $0.broker.name == name } }
}
