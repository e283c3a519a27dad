public import Messaging

/// What a configuration amounts to: what each route gets, and what is to be pointed out.
public struct ConfigurationReport: Hashable, Sendable {
    /// A broker of a configuration.
    public struct Broker: Hashable, Sendable {
        /// Its name.
        public let name: BrokerName
        /// Its type.
        public let type: BrokerType
        /// Whether the backend of its type is in this build.
        public let isInThisBuild: Bool
        /// What is to be pointed out: a backend that is missing.
        public let notes: [String]
    }

    /// The brokers, by name.
    public let brokers: [Broker]
    /// The routes, by name.
    public let routes: [RouteReport]
    /// The subscriptions, by name.
    public let subscriptions: [SubscriptionReport]
    /// What gets less than it asks for where the hub remembers handled messages in memory: one problem for each thing that
    /// lowers it.
    public let problems: [ConfigurationProblem]
    /// What works and is not safe, in the order of the file, each with its place and the remedy.
    public let warnings: [ConfigurationProblem]
}

extension HubConfiguration {
    /// What this configuration amounts to, for brokers of these types, of which some are registered. To be asked of a
    /// configuration without problems: a route without its broker is left out.
    public func report(profiles: [BrokerProfile], registered: [BrokerFactory]) -> ConfigurationReport {
        let missing = missingBackends(registered: registered)
        let brokers = brokers.sorted { $0.key.name < $1.key.name }.map { name, broker in
            let absent = missing.first { $0.broker == name }
            return ConfigurationReport.Broker(
                name: name, type: broker.type, isInThisBuild: absent == nil,
                notes: [absent?.sentence].compactMap { $0 })
        }
        let promises = promises(profiles, storeEndsWithProcess: true)
        return ConfigurationReport(
            brokers: brokers, routes: promises.map { reports(profiles, $0) } ?? [],
            subscriptions: promises.map { subscriptionReports(profiles, $0) } ?? [],
            problems: promises.map { shortfalls($0, read: read) } ?? [],
            warnings: SafetyCheck(self, profiles: profiles).warnings)
    }

    private func reports(_ profiles: [BrokerProfile], _ promises: PromiseCalculation) -> [RouteReport] {
        routes.sorted { $0.key.name < $1.key.name }.compactMap { name, route -> RouteReport? in
            guard let broker = self.brokers[route.broker] else { return nil }
            guard let profile = profiles.first(where: { $0.type == broker.type }) else { return nil }
            return RouteReport(
                name, route, on: profile, promises.promise(of: route), among: promises.table,
                fidelity(ofDeadLettersOf: route, profiles, promises.table), read: read)
        }
    }

    private func subscriptionReports(
        _ profiles: [BrokerProfile], _ promises: PromiseCalculation
    ) -> [SubscriptionReport] {
        subscriptions.sorted { $0.key.name < $1.key.name }.compactMap { name, subscription in
            let lost = fidelity(of: subscription, profiles, promises.table)
            return promises.promise(of: subscription).map {
                SubscriptionReport(
                    name: name, topic: subscription.topic, target: subscription.target, promise: $0,
                    notes: [lost].compactMap { $0 })
            }
        }
    }
}

extension BrokerProfile {
    /// What is not safe in values of its options.
    func cautions(of values: OptionValues) -> [OptionCaution] {
        let found = findings(values).filter { !$0.isProblem }.map { OptionCaution("\($0.option): \($0.sentence)") }
        return options.descriptions.compactMap { $0.caution(in: values) } + found
    }
}
