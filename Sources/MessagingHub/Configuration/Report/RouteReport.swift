public import Messaging
import MessagingReliability

/// What a route gets from its broker: how each of its needs is met, and what is promised for its messages, and why.
public struct RouteReport: Hashable, Sendable {
    /// Something that the route asks for.
    public struct Need: Hashable, Sendable {
        /// What, in words.
        public let words: String
        /// How it is served.
        public let support: BrokerCapabilities.Support
    }

    /// The route's name.
    public let name: RouteName
    /// Its topics, as they were written.
    public let topics: String
    /// What they are.
    public let kind: DestinationKind
    /// The broker.
    public let broker: BrokerName
    /// The broker's type.
    public let type: BrokerType
    /// What is asked for, and how it is served.
    public let needs: [Need]
    /// What is promised for a message whose publish has returned.
    public let guarantee: Guarantee
    /// Whether that ends with this process, because the broker does.
    public let endsWithProcess: Bool
    /// Why it is no more than that: a sentence each, empty where there is nothing to add.
    public let reasons: [String]
    /// Where what its handlers give up goes, in words.
    public let deadLetters: String
    /// What is to be pointed out beside.
    public let notes: [String]

    init(
        _ name: RouteName, _ route: RouteConfiguration, on profile: BrokerProfile, _ options: OptionValues,
        orOn standIn: (profile: BrokerProfile, options: OptionValues)?,
        among routes: [RouteName: RouteConfiguration], read: ReadValues
    ) {
        self.name = name
        topics = route.pattern.text
        kind = route.kind
        broker = route.broker
        type = profile.type
        needs = route.needs.map { need in
            Need(words: need.words, support: profile.capabilities[route.kind, need.operation])
        }
        let fate = Self.deadLetters(of: route, among: routes)
        deadLetters = fate.words
        let promise = Self.promise(of: route, on: profile, options, orOn: standIn)
        guarantee = fate.loses == nil ? promise.guarantee : .atMostOnce
        endsWithProcess = promise.endsWithProcess
        reasons = promise.reasons + [fate.loses].compactMap { $0 }
        let policies = PolicyCheck(route, at: ConfigurationPath("routes", name.name), read: read).notes
        notes = Self.notes(of: route) + Self.notes(of: route, on: profile) + policies.map(\.description)
    }

    /// `at least once, while the process lives`.
    public var guaranteeInWords: String {
        guarantee == .atMostOnce || !endsWithProcess
            ? guarantee.words : "\(guarantee.words), while the process lives"
    }

    private static func promise(
        of route: RouteConfiguration, on profile: BrokerProfile, _ options: OptionValues
    ) -> (guarantee: Guarantee, endsWithProcess: Bool, reasons: [String]) {
        if route.kind == .pubSub { return (.atMostOnce, false, ["whoever does not listen misses it"]) }
        let settings = RouteOptions.settings.group.descriptions
        let values = RouteOptions.settings.values(of: route)
        let losses = (profile.cautions(of: options) + settings.compactMap { $0.caution(in: values) }).filter(
            \.losesMessages)
        var reasons = losses.map(\.sentence)
        var endsWithProcess = false
        switch profile.capabilities[route.kind, .durable] {
        case .native: break
        case .emulated(let cost): reasons.append("durable \(cost)")
        case .refused(let reason):
            endsWithProcess = true
            reasons.append(reason)
        }
        return (losses.isEmpty ? .atLeastOnce : .atMostOnce, endsWithProcess, reasons)
    }

    /// The weaker of what the broker promises and what the one does that stands in for it.
    private static func promise(
        of route: RouteConfiguration, on profile: BrokerProfile, _ options: OptionValues,
        orOn standIn: (profile: BrokerProfile, options: OptionValues)?
    ) -> (guarantee: Guarantee, endsWithProcess: Bool, reasons: [String]) {
        let first = promise(of: route, on: profile, options)
        guard let standIn, let name = route.fallback?.broker else { return first }
        let second = promise(of: route, on: standIn.profile, standIn.options)
        return (
            second.guarantee == .atMostOnce ? second.guarantee : first.guarantee,
            first.endsWithProcess || second.endsWithProcess,
            first.reasons
                + second.reasons.filter { !first.reasons.contains($0) }.map { "diverted to \(name): \($0)" }
        )
    }

    private static func notes(of route: RouteConfiguration) -> [String] {
        var notes: [String] = []
        if let fallback = route.fallback {
            notes.append(
                "while \(route.broker) cannot be reached its messages go to \(fallback.broker), and stay there")
        }
        if route.publishRetry.attempts > 1, route.publishRetry.shortestDelay >= route.publishDeadline {
            let (delay, deadline) = (route.publishRetry.shortestDelay, route.publishDeadline)
            notes.append(
                "a failed publish is never repeated: its first delay, \(delay.optionText), is not under its deadline,"
                    + " \(deadline.optionText); lower the one, or raise the other")
        }
        let instead = route.lifecycle.replacement.map { "; use \($0) instead" } ?? ""
        switch route.lifecycle.state {
        case .active: break
        case .deprecated: notes.append("deprecated: each publisher and subscription is warned\(instead)")
        case .retired: notes.append("retired: publishing and subscribing are refused\(instead)")
        }
        return notes
    }

    private static func deadLetters(
        of route: RouteConfiguration, among routes: [RouteName: RouteConfiguration]
    ) -> (words: String, loses: String?) {
        if route.kind == .pubSub { return ("none: what fails is gone", nil) }
        switch route.deadLetter {
        case .byDefault: return ("\(route.pattern.literal?.name ?? "<topic>").dead, on \(route.broker)", nil)
        case .none: return ("none: tried again every \(route.retry.longestDelay.optionText), with an alarm", nil)
        case .broker(let topic): return ("\(topic), by the broker itself", nil)
        case .topic(let topic):
            let target = (try? RouteTable(routes))?.route(of: topic)?.configuration
            let place = "\(topic), on \(target?.broker ?? route.broker)"
            guard target?.kind == .pubSub else { return (place, nil) }
            return (place, "dead letters go to pubsub, where they are gone when nobody listens")
        }
    }

    private static func notes(of route: RouteConfiguration, on profile: BrokerProfile) -> [String] {
        var notes: [String] = []
        if route.maximumPriority > 0, profile.capabilities.priorityOrder == .strict {
            notes.append("a low priority may starve while higher ones keep coming")
        }
        if route.kind == .stream, let retention = route.retention {
            notes.append(
                "a broker that deletes by age deletes after \(retention.optionText) also what a group has not read")
        }
        if route.kind != .pubSub, route.timeout == nil {
            notes.append("a handler may run up to max-hold, \(route.maxHold.optionText); set timeout to end it sooner")
        }
        if route.kind != .pubSub, profile.capabilities.crashCount == .none {
            notes.append("a message that kills its process is never counted as failed by this broker")
        }
        return notes
    }
}
