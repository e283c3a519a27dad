import Messaging

extension HubConfiguration {
    /// What the target of a bridge cannot carry of what its source may bring, in words; nil where it carries all. A message
    /// that is handed out has no delay any more.
    func fidelity(of subscription: SubscriptionConfiguration, _ profiles: [BrokerProfile], _ table: RouteTable)
        -> String?
    {
        guard let topic = subscription.target, let source = table.route(of: subscription.topic)?.configuration,
            let target = table.route(of: topic)?.configuration
        else { return nil }
        return lost(from: source, to: target, profiles, but: [.delay]).map { "\(topic) cannot carry \($0)" }
    }

    /// The same of the dead letters of a route, where they go by a route of their own. A dead letter has neither delay nor
    /// expiration.
    func fidelity(ofDeadLettersOf route: RouteConfiguration, _ profiles: [BrokerProfile], _ table: RouteTable)
        -> String?
    {
        guard case .topic(let topic) = route.deadLetter, route.kind != .pubSub,
            let target = table.route(of: topic)?.configuration
        else { return nil }
        return lost(from: route, to: target, profiles, but: [.delay, .expiration])
            .map { "dead letters in \(topic) cannot carry \($0)" }
    }

    private func lost(
        from source: RouteConfiguration, to target: RouteConfiguration, _ profiles: [BrokerProfile],
        but unused: [FidelityLoss]
    ) -> String? {
        func side(_ name: BrokerName) -> FidelitySide? {
            guard let broker = brokers[name] else { return nil }
            return profiles.first { $0.type == broker.type }.map {
                FidelitySide($0.capabilities, $0.limits(with: broker.options))
            }
        }
        guard let first = side(source.broker), let second = side(target.broker) else { return nil }
        let losses = first.losses(from: source.kind, to: second, as: target.kind).filter { !unused.contains($0) }
        return losses.isEmpty ? nil : losses.map(\.words).joined(separator: ", ")
    }
}
