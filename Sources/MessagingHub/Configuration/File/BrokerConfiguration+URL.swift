public import Messaging

extension BrokerConfiguration {
    /// The broker of a URL, `amqp://user:password@host/vhost?prefetch=100`: its scheme is the type, its parts and its query
    /// are the options. Throws every problem at once, at the path `url`; no part of the URL is in one.
    ///
    /// `${VAR}`, `${VAR:-default}` and `${VAR:?message}` in it are replaced by `environment`, as in a file, so that a password
    /// is in neither a command's history nor the list of processes; a variable that stands for the password may have any
    /// characters. Options with a variable of their own take it where the URL says nothing.
    public init(
        url: String, environment: [String: String], profiles: [BrokerProfile]
    ) throws(ConfigurationError) {
        self = try Self.read(url, environment, profiles).configuration
    }

    fileprivate static func read(
        _ url: String, _ environment: [String: String], _ profiles: [BrokerProfile]
    ) throws(ConfigurationError) -> (name: BrokerName, configuration: BrokerConfiguration) {
        let path = ConfigurationPath(BrokerSection.url.name)
        let text: String
        do throws(Interpolation.Problem) { text = try Interpolation(environment).apply(toURL: url).text } catch {
            throw ConfigurationError([ConfigurationProblem(at: path, error.sentence)])
        }
        var reader = ConfigurationReader(file: nil, environment: environment, profiles: profiles)
        guard let broker = BrokerSection(profiles: profiles).read(url: text, at: path, &reader) else {
            throw ConfigurationError(reader.problems)
        }
        let configuration = BrokerConfiguration(broker.section)
        var read = reader.read
        read.places[broker.name] = path
        let hub = HubConfiguration(brokers: [broker.name: configuration], routes: [:])
        let problems = reader.problems + ConfigurationCheck(hub, profiles: profiles, read: read).problems
        if !problems.isEmpty { throw ConfigurationError(problems) }
        return (broker.name, configuration)
    }

    init(_ section: ConfigurationSection) {
        self.init(BrokerType(section.values[BrokerSection.type]), section.values)
        options.remove(BrokerSection.type.name)
        options.remove(BrokerSection.url.name)
    }
}

extension HubConfiguration {
    /// A configuration of one broker, by its URL, and no routes; the name of the broker is the URL without user, password
    /// and options. For what this replaces and throws see `BrokerConfiguration.init(url:environment:profiles:)`.
    public init(
        brokerURL url: String, environment: [String: String], profiles: [BrokerProfile]
    ) throws(ConfigurationError) {
        let (name, broker) = try BrokerConfiguration.read(url, environment, profiles)
        self.init(brokers: [name: broker], routes: [:], profiles: profiles)
    }
}
