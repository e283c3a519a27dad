import Messaging
import MessagingReliability

/// Finds what is wrong in a route whatever its broker can do.
struct RouteCheck: Sendable {
    private let route: RouteConfiguration
    private let path: ConfigurationPath
    private let read: ReadValues

    init(_ route: RouteConfiguration, at path: ConfigurationPath, read: ReadValues) {
        self.route = route
        self.path = path
        self.read = read
    }

    var problems: [ConfigurationProblem] {
        values + PolicyCheck(route, at: path, read: read).problems + topics + policies
            + DeduplicationCheck(route, at: path, read: read).problems
            + (read.areGood(path / "kind") ? deadLetter + groups + times : [])
    }

    /// Values out of their options' ranges.
    private var values: [ConfigurationProblem] {
        func check<Root>(_ options: BoundOptions<Root>, _ root: Root, at path: ConfigurationPath)
            -> [ConfigurationProblem]
        {
            options.group.problems(in: options.values(of: root), at: path, read: read)
        }
        return check(RouteOptions.settings, route, at: path)
            + policyPaths.flatMap { check(RouteOptions.retry, $0.policy, at: $0.path) }
            + check(RouteOptions.publish, route, at: path / "publish")
    }

    /// Every retry policy of the route with its place.
    private var policyPaths: [(policy: RetryPolicy, path: ConfigurationPath)] {
        let byType = route.retryByType.sorted { $0.key < $1.key }.map { type, policy in
            (policy, path / "retry" / "by-type" / type)
        }
        return [(route.retry, path / "retry")] + byType + [(route.publishRetry, path / "publish")]
    }

    private var topics: [ConfigurationProblem] {
        guard let problem = route.pattern.literal?.problem else { return [] }
        return [
            ConfigurationProblem(
                at: path / "topic", read.hidden[path / "topic"].map { "\($0) is not a topic" } ?? problem.sentence)
        ]
    }

    private var deadLetter: [ConfigurationProblem] {
        let place = path / "dead-letter"
        func problem(_ sentence: String) -> [ConfigurationProblem] { [ConfigurationProblem(at: place, sentence)] }
        let topic: Topic
        switch route.deadLetter {
        case .byDefault: return []
        case .none:
            return route.kind == .pubSub ? problem("pubsub has no dead letters: nothing comes again; remove it") : []
        case .topic(let named), .broker(let named): topic = named
        }
        if route.kind == .pubSub { return problem("pubsub has no dead letters: nothing comes again; remove it") }
        if let wrong = topic.problem { return problem(wrong.sentence) }
        if route.pattern.literal == topic { return problem("is the route's own topic, a circle; name another topic") }
        return []
    }

    private var groups: [ConfigurationProblem] {
        var found: [ConfigurationProblem] = []
        if route.kind != .stream, !route.groups.isEmpty {
            let remedy = "remove them, or make it kind: stream"
            found.append(ConfigurationProblem(at: path / "groups", "a \(route.kind) has no groups; \(remedy)"))
        }
        for (name, group) in route.groups.sorted(by: { $0.key.name < $1.key.name }) {
            guard let filter = group.filter else { continue }
            let place = path / "groups" / name.name / "filter"
            if route.kind == .queue {
                let why = "what it does not let through would never be handled"
                found.append(
                    ConfigurationProblem(at: place, "a queue has no filter, because \(why); make it kind: stream"))
            } else if filter.values.isEmpty, read.isGood(within: place / "headers") {
                found.append(ConfigurationProblem(at: place, "has no headers; give at least one, or remove the filter"))
            }
        }
        if route.kind == .pubSub, route.retention != nil {
            let sentence = "pubsub keeps nothing; remove it, or make it kind: stream"
            found.append(ConfigurationProblem(at: path / "retention", sentence))
        }
        return found
    }

    private var policies: [ConfigurationProblem] {
        policyPaths.compactMap { policy, place in
            guard policy.delay > policy.maximumDelay, read.areGood(place / "delay", place / "max-delay") else {
                return nil
            }
            let delay = shown(policy.delay, at: place / "delay")
            let limit = shown(policy.maximumDelay, at: place / "max-delay")
            let sentence = "\(delay) is over max-delay, \(limit); lower it, or raise max-delay"
            return ConfigurationProblem(at: place / "delay", sentence)
        }
    }

    /// Time-outs and retries that a hold cannot contain.
    private var times: [ConfigurationProblem] {
        guard route.kind != .pubSub, read.areGood(path / "max-hold", path / "timeout") else { return [] }
        let hold = shown(route.maxHold, at: path / "max-hold")
        if let timeout = route.timeout, timeout > route.maxHold {
            let sentence = "\(shown(timeout, at: path / "timeout")) is over max-hold, \(hold)"
            return [ConfigurationProblem(at: path / "timeout", "\(sentence); lower it, or raise max-hold")]
        }
        guard route.isOrdered else { return [] }
        return policyPaths.dropLast().compactMap { policy, place in
            let runs = route.longestHold(under: policy)
            guard runs > route.maxHold, read.areGood(place / "attempts", place / "delay", place / "max-delay") else {
                return nil
            }
            let why = "an ordered message is held through its retries, whose delays and time-outs add up to"
            let isHidden = read.hidden.keys.contains { $0.keys.starts(with: path.keys) }
            let sum = isHidden ? "more than max-hold" : "\(runs.optionText), over max-hold, \(hold)"
            let sentence = "\(why) \(sum); lower attempts, delays or timeout, or raise max-hold"
            return ConfigurationProblem(at: place, sentence)
        }
    }

    private func shown(_ value: Duration, at path: ConfigurationPath) -> String {
        read.hidden[path] ?? value.optionText
    }
}
