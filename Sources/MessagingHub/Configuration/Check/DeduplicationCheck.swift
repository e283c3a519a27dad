import Messaging
import MessagingReliability

/// Finds what is wrong in a route's deduplication: values, and values that contradict each other.
struct DeduplicationCheck: Sendable {
    private let route: RouteConfiguration
    private let path: ConfigurationPath
    private let read: ReadValues

    /// `path` is the route's.
    init(_ route: RouteConfiguration, at path: ConfigurationPath, read: ReadValues) {
        self.route = route
        self.path = path
        self.read = read
    }

    var problems: [ConfigurationProblem] {
        guard let policy = route.deduplicate else { return [] }
        let place = path / "deduplicate"
        let options = DeduplicationPolicy.options
        var found = options.group.problems(in: options.values(of: policy), at: place, read: read)
        guard read.areGood(path / "kind") else { return found }
        if route.kind == .pubSub {
            let why = "pubsub hands out nothing twice, and every subscriber is to have it"
            return found + [ConfigurationProblem(at: place, "\(why); remove it, or make it kind: queue or stream")]
        }
        let lease = shown(policy.lease, at: place / "lease")
        if policy.lease > policy.window, read.areGood(place / "lease", place / "window") {
            let window = shown(policy.window, at: place / "window")
            found.append(
                ConfigurationProblem(
                    at: place / "lease", "\(lease) is over window, \(window); lower it, or raise window"))
        }
        let (key, limit) = route.timeout.map { ("timeout", $0) } ?? ("max-hold", route.maxHold)
        if !policy.renews, policy.lease < limit, read.areGood(place / "lease", place / "renew", path / key) {
            let why = "without renewal a handler that runs as long as it may would be run twice at once"
            let sentence =
                "\(lease) is under \(key), \(shown(limit, at: path / key)), and \(why); raise it, or remove renew"
            found.append(ConfigurationProblem(at: place / "lease", sentence))
        }
        return found
    }

    private func shown(_ value: Duration, at path: ConfigurationPath) -> String {
        read.hidden[path] ?? value.optionText
    }
}
