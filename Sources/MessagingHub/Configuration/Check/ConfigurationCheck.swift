public import Messaging
import MessagingReliability

/// Finds what is wrong in a configuration as a whole: in values that a program has set, between values, and between a
/// route and its broker. Pure; knows no file.
struct ConfigurationCheck: Sendable {
    private let configuration: HubConfiguration
    private let profiles: [BrokerType: BrokerProfile]
    private let read: ReadValues

    /// A check of this configuration, for brokers of these types.
    init(_ configuration: HubConfiguration, profiles: [BrokerProfile], read: ReadValues = ReadValues()) {
        self.read = read
        self.configuration = configuration
        self.profiles = Dictionary(profiles.map { ($0.type, $0) }) { first, _ in first }
    }

    /// Every problem, brokers first, each in the order of the names.
    var problems: [ConfigurationProblem] {
        var found: [ConfigurationProblem] = []
        let grace = HubOptions.shutdown
        found += check(grace.values(of: configuration), grace.group, at: ConfigurationPath("shutdown"))
        let requests = RequestConfiguration.options
        found += check(
            requests.values(of: configuration.requests), requests.group, at: ConfigurationPath("requests"))
        for (name, broker) in configuration.brokers.sorted(by: { $0.key.name < $1.key.name }) {
            let place = read.place(of: name)
            if read.areGood(place, place / "type", place / "url") { found += problems(of: broker, at: place) }
        }
        for (name, route) in configuration.routes.sorted(by: { $0.key.name < $1.key.name }) {
            found += problems(of: route, at: ConfigurationPath("routes", name.name))
        }
        return found + ties + LifecycleCheck(configuration, read: read).problems
            + SubscriptionCheck(configuration, read: read).problems + shortfalls
    }

    /// What gets less than it asks for, whatever store a program may give the hub.
    private var shortfalls: [ConfigurationProblem] {
        let promises = configuration.promises(Array(profiles.values), storeEndsWithProcess: false)
        return promises.map { configuration.shortfalls($0, read: read) } ?? []
    }

    private func problems(of broker: BrokerConfiguration, at path: ConfigurationPath) -> [ConfigurationProblem] {
        guard let profile = profiles[broker.type] else {
            let types = profiles.keys.map(\.name).sorted()
            let hint = broker.type.name.nearest(in: types).map { "did you mean \($0)?" }
            let remedy = hint ?? "there are \(types.joined(separator: ", "))"
            let shown = read.shown(broker.type.name.quoted, at: path / "type")
            return [ConfigurationProblem(at: path / "type", "\(shown) is not a type of broker; \(remedy)")]
        }
        let findings = profile.findings(broker.options).filter { finding in
            finding.isProblem && !finding.others.contains { read.said.contains(path / $0) }
        }
        return check(broker.options, profile.options, at: path)
            + findings.map { ConfigurationProblem(at: path / $0.option, $0.sentence) }
    }

    private func problems(of route: RouteConfiguration, at path: ConfigurationPath) -> [ConfigurationProblem] {
        var found = RouteCheck(route, at: path, read: read).problems
        if case .topic(let topic) = route.deadLetter, route.pattern.literal == nil, route.pattern.matches(topic),
            configuration.routes.values.count(where: { $0.pattern.matches(topic) }) == 1
        {
            let sentence = "is a topic of the route itself, a circle; give it a route of its own, or name another"
            found.append(ConfigurationProblem(at: path / "dead-letter", sentence))
        }
        found += FallbackCheck(configuration, route, at: path, profiles: profiles, read: read).problems
        guard let broker = configuration.brokers[route.broker] else {
            let names = configuration.brokers.keys.map(\.name).sorted()
            let all = names.isEmpty ? "there is none" : "there are \(names.joined(separator: ", "))"
            let hint = route.broker.name.nearest(in: names).map { "did you mean \($0)?" } ?? all
            let shown = read.shown(route.broker.name.quoted, at: path / "broker")
            found.append(ConfigurationProblem(at: path / "broker", "\(shown) is not a broker; \(hint)"))
            return found
        }
        guard let profile = profiles[broker.type], read.areGood(path / "kind") else { return found }
        let fit = RouteFit(
            route, at: path, on: profile, with: broker.options, among: Array(profiles.values), read: read)
        return found + fit.problems
    }

    private func check(_ values: OptionValues, _ group: OptionGroup, at path: ConfigurationPath)
        -> [ConfigurationProblem]
    {
        group.problems(in: values, at: path, read: read)
    }

    /// Routes between which the hub could not choose: one problem for each, however many it ties with.
    private var ties: [ConfigurationProblem] {
        var found: [ConfigurationProblem] = []
        var literals: [Topic: RouteName] = [:]
        var patterns: [PatternSpecificity: PatternTrie<RouteName>] = [:]
        for (name, route) in configuration.routes.sorted(by: { $0.key.name < $1.key.name }) {
            let pattern = route.pattern
            if let topic = pattern.literal {
                if let other = literals.updateValue(name, forKey: topic) { found.append(tie(name, [other])) }
                continue
            }
            let equals = patterns[pattern.specificity]?.values(overlapping: pattern) ?? []
            if !equals.isEmpty { found.append(tie(name, equals)) }
            patterns[pattern.specificity, default: PatternTrie()].insert(pattern, name)
        }
        return found
    }

    private func tie(_ name: RouteName, _ others: [RouteName]) -> ConfigurationProblem {
        let path = ConfigurationPath("routes", name.name, "topic")
        let first = others.first.map { ConfigurationPath($0.name).description } ?? ""
        let more = others.count > 1 ? " (as \(others.count - 1) more do)" : ""
        let sentence = "matches topics that route \(first) matches too\(more), and neither is more specific"
        return ConfigurationProblem(at: path, "\(sentence); give one of them more literal words, or remove it")
    }
}

extension OptionGroup {
    /// What is wrong with values that a program has set, as problems of a place.
    func problems(
        in values: OptionValues, at path: ConfigurationPath, read: ReadValues
    ) -> [ConfigurationProblem] {
        problems(in: values).map { name, text, sentence in
            let below = path / name
            let shown = text.map { read.shown($0.quoted, at: below) } ?? (values.isSet(name) ? "the value" : nil)
            return ConfigurationProblem(at: below, [shown, sentence].compactMap { $0 }.joined(separator: " "))
        }
    }
}

extension HubConfiguration {
    /// Everything that is wrong in a configuration, for brokers of these types; empty when a hub can be made of it. For
    /// configurations that were built in code: `load` has checked already.
    public func problems(profiles: [BrokerProfile]) -> [ConfigurationProblem] {
        ConfigurationCheck(self, profiles: profiles).problems
    }
}
