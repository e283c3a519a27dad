import Messaging

/// Finds what works and is not safe, each with its place in the file and the remedy. For a configuration without problems.
struct SafetyCheck: Sendable {
    private let configuration: HubConfiguration
    private let profiles: [BrokerType: BrokerProfile]
    private let read: ReadValues

    /// A check of this configuration, for brokers of these types.
    init(_ configuration: HubConfiguration, profiles: [BrokerProfile]) {
        self.configuration = configuration
        self.profiles = Dictionary(profiles.map { ($0.type, $0) }) { first, _ in first }
        read = configuration.read
    }

    /// Every warning, in the order of the file; brokers first where there is none.
    var warnings: [ConfigurationProblem] {
        let brokers = configuration.brokers.sorted { $0.key.name < $1.key.name }.flatMap { name, broker in
            profiles[broker.type].map { warnings(of: broker, $0, at: read.place(of: name)) } ?? []
        }
        let routes = configuration.routes.sorted { $0.key.name < $1.key.name }.flatMap { name, route in
            warnings(of: route, at: ConfigurationPath("routes", name.name))
        }
        return (brokers + routes).inOrderOfTheFile
    }

    private func warnings(
        of broker: BrokerConfiguration, _ profile: BrokerProfile, at place: ConfigurationPath
    ) -> [ConfigurationProblem] {
        cautions(profile.options, broker.options, at: place)
            + profile.findings(broker.options).filter { !$0.isProblem }.map {
                read.finding(at: place / $0.option, $0.sentence)
            }
    }

    private func warnings(of route: RouteConfiguration, at path: ConfigurationPath) -> [ConfigurationProblem] {
        let settings = RouteOptions.settings
        return cautions(settings.group, settings.values(of: route), at: path)
            + durability(of: route, at: path) + unread(of: route, at: path) + groups(of: route, at: path)
            + deadLetters(of: route, at: path)
    }

    /// What is to be said of the values of options; the remedy is the default, where that is safe and no other is named.
    private func cautions(
        _ group: OptionGroup, _ values: OptionValues, at place: ConfigurationPath
    ) -> [ConfigurationProblem] {
        group.descriptions.compactMap { option in
            guard let caution = option.caution(in: values) else { return nil }
            let isSafe = option.caution(in: OptionValues()) == nil
            let remedy = isSafe ? "set \(option.name): \(option.defaultText)" : "give it another value"
            let name = "\(option.name): "
            let sentence = String(
                caution.sentence.hasPrefix(name) ? caution.sentence.dropFirst(name.count) : caution.sentence[...])
            return read.finding(at: place / option.name, sentence.contains(";") ? sentence : "\(sentence); \(remedy)")
        }
    }

    /// Messages that are to outlive a server and do so only if that is set up for it, or that may wait in one that ends.
    private func durability(of route: RouteConfiguration, at path: ConfigurationPath) -> [ConfigurationProblem] {
        guard route.durable, route.kind != .pubSub else { return [] }
        var found: [ConfigurationProblem] = []
        if let broker = configuration.brokers[route.broker], let profile = profiles[broker.type],
            case .emulated(let cost) = profile.capabilities[route.kind, .durable]
        {
            let sentence =
                "what waits outlives the server of \(route.broker) \(cost); set the server up so, or set durable: false"
            found.append(read.finding(at: path / "durable", sentence))
        }
        if let fallback = route.fallback, let broker = configuration.brokers[fallback.broker],
            case .refused(let reason) = profiles[broker.type]?.capabilities[route.kind, .durable]
        {
            let sentence = "what is diverted does not outlive this process: \(reason); name a broker that keeps it"
            found.append(read.finding(at: path / "fallback", sentence))
        }
        return found
    }

    /// Old messages that are discarded, read or not.
    private func unread(of route: RouteConfiguration, at path: ConfigurationPath) -> [ConfigurationProblem] {
        if let retention = route.discardsAfter {
            let shown = read.shown(retention.optionText, at: path / "retention")
            let sentence =
                "what has waited for \(shown) is gone, unhandled; name a queue for it by dead-letter: {broker: TOPIC}, or"
                + " leave retention out"
            return [read.finding(at: path / "retention", sentence)]
        }
        guard route.kind == .stream, let retention = route.retention,
            let broker = configuration.brokers[route.broker], let profile = profiles[broker.type],
            !profile.capabilities[route.kind, .durable].isRefused
        else { return [] }
        let shown = read.shown(retention.optionText, at: path / "retention")
        let sentence =
            "a broker that deletes by age deletes after \(shown) also what a group has not read; set it to more than the"
            + " longest time that a group may be away"
        return [read.finding(at: path / "retention", sentence)]
    }

    /// Groups that never see what is in the stream before they are made.
    private func groups(of route: RouteConfiguration, at path: ConfigurationPath) -> [ConfigurationProblem] {
        route.groups.sorted { $0.key.name < $1.key.name }.compactMap { name, group in
            let sentence: String
            switch group.start {
            case .earliest: return nil
            case .latest:
                sentence =
                    "the group never reads what is in the stream before it is made; set start: earliest, or make it first"
            case .time:
                sentence =
                    "the group never reads what was in the stream before that time; set start: earliest to read it all"
            case .position:
                sentence =
                    "the group never reads what is in the stream before that position; set start: earliest to read it all"
            }
            return read.finding(at: path / "groups" / name.name / "start", sentence)
        }
    }

    private func deadLetters(of route: RouteConfiguration, at path: ConfigurationPath) -> [ConfigurationProblem] {
        guard route.kind != .pubSub, case .topic(let topic) = route.deadLetter,
            let table = try? RouteTable(configuration.routes), table.route(of: topic)?.configuration.kind == .pubSub
        else { return [] }
        let sentence =
            "dead letters go to pubsub, where they are gone when nobody listens; send them to a queue or a stream"
        return [read.finding(at: path / "dead-letter", sentence)]
    }
}

extension BrokerCapabilities.Support {
    fileprivate var isRefused: Bool { if case .refused = self { true } else { false } }
}
