import Messaging
import MessagingReliability

/// Finds what contradicts itself in a route's circuit breakers and its budget of retries.
struct PolicyCheck: Sendable {
    private let route: RouteConfiguration
    private let path: ConfigurationPath
    private let read: ReadValues

    init(_ route: RouteConfiguration, at path: ConfigurationPath, read: ReadValues) {
        self.route = route
        self.path = path
        self.read = read
    }

    var problems: [ConfigurationProblem] { values + probes + budget }

    /// What works, and is to be pointed out: a breaker that outlasts what a hold allows.
    var notes: [ConfigurationProblem] {
        guard route.kind != .pubSub, let reset = route.breaker?.reset, reset > route.maxHold * 9 / 10 else { return [] }
        let place = path / "circuit-breaker" / "reset"
        let shown = read.shown(reset.optionText, at: place)
        let hold = read.shown(route.maxHold.optionText, at: path / "max-hold")
        let sentence =
            "\(shown) is over nine tenths of max-hold, \(hold), so that the subscription pauses and gives back what it"
            + " holds each time the circuit opens; lower it, or raise max-hold"
        return [read.finding(at: place, sentence)]
    }

    /// Values out of their options' ranges.
    private var values: [ConfigurationProblem] {
        let breakers = [
            (route.breaker, path / "circuit-breaker"), (route.publishBreaker, path / "publish" / "circuit-breaker"),
        ]
        let options = CircuitBreakerPolicy.options
        return breakers.flatMap { policy, place in
            policy.map { options.group.problems(in: options.values(of: $0), at: place, read: read) } ?? []
        }
            + RouteOptions.budget.group.problems(
                in: RouteOptions.budget.values(of: route), at: path / "retry", read: read)
    }

    private var probes: [ConfigurationProblem] {
        let place = path / "circuit-breaker" / "probes"
        guard let probes = route.breaker?.probes, probes > route.concurrency,
            read.areGood(place, path / "concurrency")
        else { return [] }
        let shown = read.hidden[place] ?? String(probes)
        let limit = read.hidden[path / "concurrency"] ?? String(route.concurrency)
        let sentence = "\(shown) is over concurrency, \(limit), the most handlers that run at once"
        return [ConfigurationProblem(at: place, "\(sentence); lower it, or raise concurrency")]
    }

    private var budget: [ConfigurationProblem] {
        let place = path / "retry" / "budget"
        guard route.retryBudget != nil, read.areGood(place, path / "kind", path / "retry" / "attempts") else {
            return []
        }
        if route.kind == .pubSub {
            let sentence = "pubsub has no retries: nothing comes again; remove it"
            return [ConfigurationProblem(at: place, sentence)]
        }
        if route.retries.all.contains(where: { $0.attempts > 1 }) { return [] }
        let sentence = "counts retries, and with attempts: 1 there are none; remove it, or raise attempts"
        return [ConfigurationProblem(at: place, sentence)]
    }
}
