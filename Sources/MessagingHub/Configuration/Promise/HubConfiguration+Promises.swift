import Messaging

extension HubConfiguration {
    /// What is promised before anything is connected to, as far as profiles and options tell. nil where no route could be
    /// chosen by its topic, which is a problem of its own.
    func promises(_ profiles: [BrokerProfile], storeEndsWithProcess: Bool) -> PromiseCalculation? {
        let known = brokers.compactMapValues { broker -> PromiseCalculation.Broker? in
            guard let profile = profiles.first(where: { $0.type == broker.type }) else { return nil }
            return PromiseCalculation.Broker(
                capabilities: profile.capabilities, settleLag: profile.limits(with: broker.options).settleLag,
                cautions: profile.cautions(of: broker.options), durability: nil)
        }
        return (try? RouteTable(routes)).map {
            PromiseCalculation(table: $0, brokers: known, storeEndsWithProcess: storeEndsWithProcess)
        }
    }

    /// What gets less than it asks for: one problem for each thing that lowers it.
    func shortfalls(_ promises: PromiseCalculation, read: ReadValues) -> [ConfigurationProblem] {
        let routes = routes.sorted { $0.key.name < $1.key.name }.flatMap { name, route -> [ConfigurationProblem] in
            let path = ConfigurationPath("routes", name.name)
            guard promises.brokers[route.broker] != nil, read.areGood(path / "kind") else { return [] }
            return problems(route.guarantee, promises.promise(of: route), at: path, read: read)
        }
        let subscriptions = subscriptions.sorted { $0.key.name < $1.key.name }.flatMap { name, subscription in
            problems(
                subscription.guarantee, promises.promise(of: subscription),
                at: ConfigurationPath("subscriptions", name.name), read: read)
        }
        return routes + subscriptions
    }

    private func problems(
        _ asked: Guarantee?, _ promise: Promise?, at path: ConfigurationPath, read: ReadValues
    ) -> [ConfigurationProblem] {
        let place = path / "guarantee"
        guard let asked, let promise, read.areGood(path, place) else { return [] }
        let isHidden = read.hidden.keys.contains { $0.keys.first == "routes" }
        return promise.shortfalls(below: asked).map { reason in
            let why = isHidden ? reason.withoutValues : reason.sentence
            let sentence =
                "\(read.shown(asked.words, at: place)) is asked for, and it is \(promise.guarantee.words):"
                + " \(why); \(reason.remedy)"
            return read.finding(at: place, sentence)
        }
    }
}
