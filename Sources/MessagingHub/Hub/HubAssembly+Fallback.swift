import Messaging

extension HubAssembly {
    /// What routes publish to and subscribe at, by name: the brokers, and each pair of which one stands in for the other.
    ///
    /// A pair has connections of its own, so that nothing that happens in it concerns a route without a fallback. A broker
    /// that routes name in pairs alone is in these alone.
    static func places(
        of configuration: HubConfiguration, _ brokers: [BrokerName: any MessageBroker], _ environment: HubEnvironment,
        _ log: any LogSink, standsIn: @escaping @Sendable () -> Void,
        make: (BrokerName) throws(BrokerError) -> (any MessageBroker)?
    ) throws(BrokerError) -> [BrokerName: any MessageBroker] {
        let paired = configuration.routes.values.filter { $0.fallback != nil }
        if paired.isEmpty { return brokers }
        let alone = Set(configuration.routes.values.filter { $0.fallback == nil }.map(\.broker))
        var places = brokers
        for route in paired {
            guard let fallback = route.fallback, places[route.place] == nil, let first = try make(route.broker),
                let second = try make(fallback.broker)
            else { continue }
            let time = environment.time
            let parts = FallbackParts(primary: first, fallback: second, standsIn: standsIn) { use in
                log.log(record(of: use, route.broker, fallback.broker, at: time.now))
            }
            places[route.place] = environment.policies.fallback(parts).broker(named: route.place, on: time)
        }
        for name in paired.flatMap({ [$0.broker, $0.fallback?.broker].compactMap { $0 } }) where !alone.contains(name) {
            places[name] = nil
        }
        return places
    }

    private static func record(
        of use: FailoverBroker.Use, _ broker: BrokerName, _ fallback: BrokerName, at now: Timestamp
    ) -> LogRecord {
        let keys = [(name: TelemetryNames.broker, value: broker.name), (TelemetryNames.fallback, fallback.name)]
        switch use {
        case .primary: return LogRecord(.info, "fallback ended", keys, at: now)
        case .fallback(let error):
            return LogRecord(.warning, "fallback in use", keys + [("error", error.description)], at: now)
        }
    }
}
