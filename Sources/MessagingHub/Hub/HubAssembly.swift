import Messaging

/// Makes a hub's brokers from its configuration, and finds what does not fit together.
enum HubAssembly {
    /// The brokers by their names. Throws with every problem at once.
    static func brokers(
        of configuration: HubConfiguration, _ factories: [BrokerFactory], _ environment: HubEnvironment,
        _ log: any LogSink
    ) throws(BrokerError) -> [BrokerName: any MessageBroker] {
        var brokers: [BrokerName: any MessageBroker] = [:]
        var problems: [String] = []
        for (name, settings) in configuration.brokers.sorted(by: { $0.key.name < $1.key.name }) {
            guard let factory = factories.first(where: { $0.profile.type == settings.type }) else {
                let known = factories.map(\.profile.type.name).joined(separator: ", ")
                problems.append(
                    "broker \(name): no factory for type \(settings.type) was given, there are: \(known);"
                        + " give the hub the factory of its backend, and build with the backend's trait")
                continue
            }
            do throws(BrokerError) {
                let own = BrokerEnvironment(time: environment.time, log: log)
                brokers[name] = try factory.make(name, settings.options, own)
            } catch {
                problems.append("broker \(name): \(error.sentence)")
            }
        }
        if !problems.isEmpty { throw BrokerError(.invalidConfiguration, problems.joined(separator: "; ")) }
        return brokers
    }

    /// Where routes and brokers do not fit together.
    static func problems(of table: RouteTable, on brokers: [BrokerName: any MessageBroker]) -> [String] {
        table.routes.flatMap { route in
            guard let broker = brokers[route.configuration.broker] else {
                let known = brokers.keys.map(\.name).sorted().joined(separator: ", ")
                return ["route \(route.name): there is no broker \(route.configuration.broker), there are: \(known)"]
            }
            return RouteRequirements.problems(of: route, on: broker.name, broker.capabilities, broker.limits)
        }
    }

    /// What must exist at each broker from the start: the topics that routes name, and their dead-letter destinations.
    static func declarations(of table: RouteTable) throws(BrokerError) -> [BrokerName: [DestinationDeclaration]] {
        var all: [BrokerName: [DestinationDeclaration]] = [:]
        for (route, topic) in table.literals {
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
        var target = try route.deadLetterTopic(of: topic)
        if case .broker(let named) = route.configuration.deadLetter { target = named }
        if let target, let deadLetters = table.route(of: target), target != topic {
            if let declaration = deadLetters.declaration(of: target) {
                declarations.append((deadLetters.configuration.broker, declaration))
            }
        }
        if let declaration = route.declaration(of: topic, adding: group) {
            declarations.append((route.configuration.broker, declaration))
        }
        return declarations
    }
}
