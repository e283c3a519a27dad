public import Messaging
import MessagingReliability

extension HubConfiguration {
    /// Reads a configuration file. Throws every problem at once, each with its place.
    ///
    /// `profiles` are the types of broker that it may name, whether or not their backends are in this build.
    /// `environment` has the variables for `${VAR}`, and for options that name a variable of their own.
    public static func load(
        path: String, environment: [String: String], profiles: [BrokerProfile]
    ) throws(ConfigurationError) -> HubConfiguration {
        let bytes: [UInt8]
        do throws(YAMLProblem) { bytes = try ConfigurationFile.read(path) } catch {
            throw ConfigurationError([ConfigurationProblem(file: path, error)])
        }
        return try load(bytes: bytes, file: path, environment: environment, profiles: profiles)
    }

    /// Reads a configuration from a text; `file` is the name for messages.
    public static func load(
        text: String, file: String = "configuration", environment: [String: String], profiles: [BrokerProfile]
    ) throws(ConfigurationError) -> HubConfiguration {
        try load(bytes: Array(text.utf8), file: file, environment: environment, profiles: profiles)
    }

    static func load(
        bytes: [UInt8], file: String, environment: [String: String], profiles: [BrokerProfile]
    ) throws(ConfigurationError) -> HubConfiguration {
        let composed = YAMLComposer.compose(bytes, environment: environment)
        var problems = composed.problems.map { ConfigurationProblem(file: file, $0) }
        guard let root = composed.root, !root.isNull else {
            if problems.isEmpty {
                let sentence = "is empty; a configuration has at least brokers and routes"
                problems.append(ConfigurationProblem(file: file, at: ConfigurationPath(), sentence))
            }
            throw ConfigurationError(problems)
        }
        var reader = ConfigurationReader(file: file, environment: environment, profiles: profiles)
        var configuration = HubConfiguration(brokers: [:], routes: [:], profiles: profiles)
        let section = reader.section(root, HubConfiguration.shape, at: ConfigurationPath())
        configuration.read(section, &reader)
        let needed = reader.namesURLs ? ["routes"] : ["brokers", "routes"]
        for name in needed where root.entries != nil && section[name] == nil {
            reader.report(
                ConfigurationPath(name), "is not there; a configuration has at least one of them", at: root.mark)
        }
        reader.reportFurther(ConfigurationCheck(configuration, profiles: profiles, read: reader.read).problems)
        problems += reader.problems
        configuration.read = reader.read
        if problems.isEmpty { return configuration }
        throw ConfigurationError(problems.inOrderOfTheFile)
    }

    private mutating func read(_ section: ConfigurationSection, _ reader: inout ConfigurationReader) {
        for (name, broker) in section.entries(of: "brokers") {
            brokers[BrokerName(name)] = BrokerConfiguration(broker)
        }
        for (name, route) in section.entries(of: "routes") {
            routes[RouteName(name)] = RouteConfiguration(route, &reader)
        }
        for (name, broker) in reader.urlBrokers { brokers[name] = BrokerConfiguration(broker) }
        for (name, subscription) in section.entries(of: "subscriptions") {
            subscriptions[SubscriptionName(name)] = SubscriptionConfiguration(subscription, &reader)
        }
        if let shutdown = section["shutdown"] { HubOptions.shutdown.apply(shutdown.values, to: &self) }
        if let requests = section["requests"] {
            RequestConfiguration.options.apply(requests.values, to: &self.requests)
        }
        if let log = section["log"] {
            HubOptions.log.apply(log.values, to: &self.log)
            for (type, own) in log.entries(of: "by-type") {
                self.log.levelByType[type] = own.values[HubOptions.levelOfType]
            }
        }
    }
}

extension ConfigurationSection {
    /// Reads a file of this shape that is no hub's configuration, such as the commands of `hub verify --with-faults`.
    /// Throws every problem at once, each with its place.
    package static func load(
        path: String, shape: ConfigurationShape, environment: [String: String]
    ) throws(ConfigurationError) -> ConfigurationSection {
        let bytes: [UInt8]
        do throws(YAMLProblem) { bytes = try ConfigurationFile.read(path) } catch {
            throw ConfigurationError([ConfigurationProblem(file: path, error)])
        }
        let composed = YAMLComposer.compose(bytes, environment: environment)
        var problems = composed.problems.map { ConfigurationProblem(file: path, $0) }
        guard let root = composed.root, !root.isNull else {
            if problems.isEmpty {
                let names = shape.sections.map(\.name).joined(separator: ", ")
                problems.append(ConfigurationProblem(file: path, at: ConfigurationPath(), "is empty; give \(names)"))
            }
            throw ConfigurationError(problems)
        }
        var reader = ConfigurationReader(file: path, environment: environment, profiles: [])
        let section = reader.section(root, shape, at: ConfigurationPath())
        problems += reader.problems
        if problems.isEmpty { return section }
        throw ConfigurationError(problems.inOrderOfTheFile)
    }
}

extension ConfigurationProblem {
    fileprivate init(file: String, _ problem: YAMLProblem) {
        self.init(
            file: file, line: problem.mark?.line, column: problem.mark?.column,
            at: ConfigurationPath(keys: problem.keys), problem.sentence)
    }
}

extension ConfigurationReader {
    /// Notes what a check of the whole found, where nothing has been said of the same value, or the one around it, yet.
    fileprivate mutating func reportFurther(_ further: [ConfigurationProblem]) {
        let said = read.said
        for problem in further where !said.contains(problem.path) {
            if let parent = problem.path.parent, said.contains(parent) { continue }
            report(problem.path, problem.sentence)
        }
    }
}

extension [ConfigurationProblem] {
    /// The problems by line and column, those of the whole file first, each once.
    var inOrderOfTheFile: [ConfigurationProblem] {
        var seen: Set<ConfigurationProblem> = []
        let once = filter { seen.insert($0).inserted }
        return once.enumerated().sorted { left, right in
            let (one, other) = (left.element, right.element)
            return (one.line ?? 0, one.column ?? 0, left.offset) < (other.line ?? 0, other.column ?? 0, right.offset)
        }.map(\.element)
    }
}
