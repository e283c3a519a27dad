import Messaging

/// Finds what a route's fallback cannot do: be the route's own broker, or none; serve what the route needs; keep an order
/// between two brokers; take what is durable without being told to.
struct FallbackCheck: Sendable {
    private let configuration: HubConfiguration
    private let route: RouteConfiguration
    private let path: ConfigurationPath
    private let profiles: [BrokerType: BrokerProfile]
    private let read: ReadValues

    /// `path` is the route's.
    init(
        _ configuration: HubConfiguration, _ route: RouteConfiguration, at path: ConfigurationPath,
        profiles: [BrokerType: BrokerProfile], read: ReadValues
    ) {
        self.configuration = configuration
        self.route = route
        self.path = path
        self.profiles = profiles
        self.read = read
    }

    private var section: ConfigurationPath { path / "fallback" }
    private var place: ConfigurationPath { section / "broker" }
    private var shown: String {
        let name = route.fallback?.broker ?? ""
        return read.hidden(name, at: place) ?? name.name.quoted
    }

    var problems: [ConfigurationProblem] {
        guard let fallback = route.fallback, read.areGood(section, place) else { return [] }
        if fallback.broker == route.broker {
            return problem("\(shown) is the route's own broker; name another, or remove fallback")
        }
        guard let broker = configuration.brokers[fallback.broker] else {
            let names = configuration.brokers.keys.filter { $0 != route.broker }.map(\.name).sorted()
            let all = names.isEmpty ? "there is no other; add one" : "there are \(names.joined(separator: ", "))"
            let hint = fallback.broker.name.nearest(in: names).map { "did you mean \($0)?" } ?? all
            return problem("\(shown) is not a broker; \(hint)")
        }
        if configuration.brokers[route.place] != nil {
            return problem("\(shown) makes a pair called \(route.place), the name of a broker; rename that broker")
        }
        guard read.areGood(path / "kind", path / "order", path / "durable") else { return [] }
        let needs = bindings + order + durable(fallback)
        guard let profile = profiles[broker.type], needs.isEmpty else { return needs }
        return unfit(fallback, on: profile, broker.options)
    }

    private func problem(_ sentence: String) -> [ConfigurationProblem] {
        [ConfigurationProblem(at: place, sentence)]
    }

    private var order: [ConfigurationProblem] {
        if route.order == .none { return [] }
        return problem("\(shown) cannot stand in: between two brokers no order is kept; remove order, or fallback")
    }

    /// What flows from topic to topic at one broker stays away while its source is published to another.
    private var bindings: [ConfigurationProblem] {
        if !route.bindings.isEmpty {
            let why = "what flows in by bindings is not diverted with the route"
            return problem("\(shown) cannot stand in: \(why); remove bindings, or fallback")
        }
        let bound = configuration.routes.filter { _, other in
            other.broker == route.broker && other.bindings.contains { $0.overlaps(route.pattern) }
        }
        guard let name = bound.keys.map(\.name).min() else { return [] }
        let why = "what is diverted does not flow into route \(name), which has bindings to these topics"
        return problem("\(shown) cannot stand in: \(why); remove those, or fallback")
    }

    private func durable(_ fallback: FallbackRoute) -> [ConfigurationProblem] {
        if route.kind == .pubSub || !route.durable || fallback.divertsDurable { return [] }
        let why = "the route is durable, and what is diverted would be only as safe as that broker keeps it"
        return problem("\(shown) cannot stand in: \(why); add diverts-durable: true, or set durable: false")
    }

    private func unfit(
        _ fallback: FallbackRoute, on profile: BrokerProfile, _ options: OptionValues
    ) -> [ConfigurationProblem] {
        var other = route
        other.broker = fallback.broker
        var read = read
        read.hidden[path / "broker"] = read.hidden[place]
        let fit = RouteFit(other, at: path, on: profile, with: options, among: Array(profiles.values), read: read)
        return fit.problems.flatMap { found in
            let key = found.path.keys.dropFirst(path.keys.count).joined(separator: ".")
            return problem("\(shown) cannot stand in: \(key): \(found.sentence)")
        }
    }
}
