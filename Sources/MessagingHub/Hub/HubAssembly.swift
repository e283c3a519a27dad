import Messaging

/// Makes a hub's brokers from its configuration, and finds what does not fit together.
enum HubAssembly {
    /// Everything that is wrong in a configuration for a hub with these factories.
    static func problems(
        of configuration: HubConfiguration, _ factories: [BrokerFactory], storeEndsWithProcess: Bool
    ) -> [ConfigurationProblem] {
        var missing: [ConfigurationPath: ConfigurationProblem] = [:]
        for backend in configuration.missingBackends(registered: factories) {
            let path = ConfigurationPath("brokers", backend.broker.name, "type")
            missing[path] = ConfigurationProblem(at: path, "\(backend.sentence), and give the hub its factory")
        }
        let found = configuration.problems(profiles: factories.map(\.profile)).map { missing[$0.path] ?? $0 }
        let promises = configuration.promises(
            factories.map(\.profile), storeEndsWithProcess: storeEndsWithProcess)
        let shortfalls = promises.map { configuration.shortfalls($0, read: ReadValues()) } ?? []
        return found + shortfalls.filter { !found.contains($0) }
    }

    /// The brokers by their names. Throws with every problem at once. `standsIn` is called when one that stands in for
    /// another is there; it must not block.
    static func brokers(
        of configuration: HubConfiguration, _ factories: [BrokerFactory], _ environment: HubEnvironment,
        _ log: any LogSink, standsIn: @escaping @Sendable () -> Void
    ) throws -> [BrokerName: any MessageBroker] {
        let storeEndsWithProcess = environment.deduplication?.endsWithProcess ?? true
        var problems = problems(of: configuration, factories, storeEndsWithProcess: storeEndsWithProcess)
        var brokers: [BrokerName: any MessageBroker] = [:]
        let own = BrokerEnvironment(time: environment.time, log: log)
        func make(_ name: BrokerName) throws(BrokerError) -> (any MessageBroker)? {
            guard let settings = configuration.brokers[name],
                let factory = factories.first(where: { $0.profile.type == settings.type })
            else { return nil }
            return try factory.make(name, settings.options, own)
        }
        if problems.isEmpty {
            for name in configuration.brokers.keys.sorted(by: { $0.name < $1.name }) {
                do throws(BrokerError) { brokers[name] = try make(name) } catch {
                    problems.append(ConfigurationProblem(at: ConfigurationPath("brokers", name.name), error.sentence))
                }
            }
        }
        if !problems.isEmpty { throw ConfigurationError(problems) }
        return try places(of: configuration, brokers, environment, log, standsIn: standsIn, make: make)
    }

    /// What of the routes the brokers cannot meet, as they are once connected.
    static func problems(
        of table: RouteTable, in configuration: HubConfiguration, on brokers: [BrokerName: any MessageBroker],
        _ factories: [BrokerFactory]
    ) -> [ConfigurationProblem] {
        table.routes.flatMap { route -> [ConfigurationProblem] in
            let name = route.configuration.broker
            guard let broker = brokers[route.configuration.place], let type = configuration.brokers[name]?.type,
                let profile = factories.first(where: { $0.profile.type == type })?.profile
            else { return [] }
            let actual = BrokerProfile(
                type: profile.type, scheme: profile.scheme, options: profile.options,
                capabilities: broker.capabilities, limits: broker.limits)
            let path = ConfigurationPath("routes", route.name.name)
            let all = factories.map(\.profile)
            return RouteFit(
                route.configuration, at: path, on: actual, with: OptionValues(), among: all, read: ReadValues()
            ).problems
        }
    }

    /// What must exist at each broker from the start: the topics that routes name, and their dead-letter destinations.
    static func declarations(of table: RouteTable) throws(BrokerError) -> [BrokerName: [DestinationDeclaration]] {
        var all: [BrokerName: [DestinationDeclaration]] = [:]
        for (route, topic) in table.literals where route.configuration.lifecycle.state != .retired {
            for (broker, declaration) in try declarations(of: topic, route, in: table) {
                if all[broker, default: []].contains(where: { $0.destination == declaration.destination }) { continue }
                all[broker, default: []].append(declaration)
            }
        }
        return all
    }

    /// What must exist for a topic, with a further group of a stream: the dead-letter destination first, because the
    /// topic's own declaration may name it.
    static func declarations(
        of topic: Topic, _ route: Route, in table: RouteTable, adding group: GroupName? = nil
    ) throws(BrokerError) -> [(BrokerName, DestinationDeclaration)] {
        var declarations: [(BrokerName, DestinationDeclaration)] = []
        if let target = try route.deadLetterTopic(of: topic) ?? route.namedDeadLetterTopic,
            let deadLetters = table.route(of: target), target != topic
        {
            if let declaration = deadLetters.declaration(of: target) {
                declarations.append((deadLetters.configuration.place, declaration))
            }
        }
        if let declaration = route.declaration(of: topic, adding: group) {
            declarations.append((route.configuration.place, declaration))
        }
        return declarations
    }
}
