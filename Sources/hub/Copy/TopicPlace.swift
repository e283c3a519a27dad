import Messaging
import MessagingHub

/// A topic, and the hub that reaches it.
struct TopicPlace: Sendable {
    /// The name of the broker and of the route of a URL.
    static let inURL = "url"

    /// What the hub is told.
    var configuration: HubConfiguration
    let topic: Topic
    /// The route that the topic takes.
    let route: RouteName
    /// What stands for it in messages: no secret of a URL.
    let shown: String

    var kind: DestinationKind { configuration.routes[route]?.kind ?? .queue }
    var settings: RouteConfiguration? { configuration.routes[route] }

    /// The type of its broker, as it is described.
    var profile: BrokerProfile? {
        settings.flatMap { configuration.brokers[$0.broker] }.flatMap { broker in
            configuration.profiles.first { $0.type == broker.type }
        }
    }

    /// Why nothing of what is published there is left when this process ends; nil where it is.
    var endsWithProcess: String? {
        guard kind != .pubSub, case .refused(let reason)? = profile?.capabilities[kind, .durable] else { return nil }
        return reason
    }

    /// The topic of an endpoint; nil where that is a file or a stream of the process. `file` is the configuration. Throws a
    /// `ConfigurationError` with every problem of it, and a `BrokerError` for a topic that no route matches.
    init?(
        _ endpoint: Endpoint, file: String, environment: [String: String], profiles: [BrokerProfile]
    ) throws {
        switch endpoint {
        case .file, .standard: return nil
        case .topic(let name):
            let topic = try Topic(name)
            let configuration = try HubConfiguration.load(path: file, environment: environment, profiles: profiles)
            guard let route = try configuration.route(of: topic) else {
                let known = configuration.routes.values.compactMap { $0.pattern.literal?.name }
                let hint = name.nearest(in: known).map { "did you mean \($0)?" }
                let remedy = "add one, name the file with --config, or write ./\(name) for a file"
                throw BrokerError(
                    .noSuchDestination, "no route of \(file) matches topic \(name); \(hint ?? remedy)")
            }
            self.init(configuration: try configuration.part(for: topic), topic: topic, route: route, shown: name)
        case .url(let url):
            var configuration = try HubConfiguration(
                brokerURL: url.broker, environment: environment, profiles: profiles)
            guard let broker = configuration.brokers.keys.first else { return nil }
            var route = RouteConfiguration(TopicPattern(url.topic), to: broker, as: url.kind)
            route.order = url.order
            let name = RouteName(Self.inURL)
            configuration.routes[name] = route
            let problems = configuration.problems(profiles: profiles)
            if !problems.isEmpty { throw ConfigurationError(problems) }
            self.init(configuration: configuration, topic: url.topic, route: name, shown: "\(broker) \(url.topic)")
        }
    }

    private init(configuration: HubConfiguration, topic: Topic, route: RouteName, shown: String) {
        self.configuration = configuration
        self.topic = topic
        self.route = route
        self.shown = shown
    }

    /// The same with its route changed.
    func with(_ edit: (inout RouteConfiguration) -> Void) -> TopicPlace {
        var place = self
        if var settings {
            edit(&settings)
            place.configuration.routes[route] = settings
        }
        return place
    }
}
