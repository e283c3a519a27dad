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
    /// What is promised for a message whose publish has returned, which messages keep their order, and why.
    public let promise: Promise
    /// Where what its handlers give up goes, in words.
    public let deadLetters: String
    /// What is to be pointed out beside.
    public let notes: [String]

    init(
        _ name: RouteName, _ route: RouteConfiguration, on profile: BrokerProfile, _ promise: Promise,
        among table: RouteTable, _ lost: String?, read: ReadValues
    ) {
        self.name = name
        topics = route.pattern.text
        kind = route.kind
        broker = route.broker
        type = profile.type
        needs = route.needs.map { need in
            Need(words: need.words, support: profile.capabilities[route.kind, need.operation])
        }
        deadLetters = Self.deadLetters(of: route, among: table)
        self.promise = promise
        let policies = PolicyCheck(route, at: ConfigurationPath("routes", name.name), read: read).notes
        notes =
            Self.notes(of: route) + Self.notes(of: route, on: profile) + [lost].compactMap { $0 }
            + policies.map(\.description)
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
        of route: RouteConfiguration, among table: RouteTable
    ) -> String {
        if route.kind == .pubSub { return "none: what fails is gone" }
        switch route.deadLetter {
        case .byDefault: return "\(route.pattern.literal?.name ?? "<topic>").dead, on \(route.broker)"
        case .none: return "none: tried again every \(route.retry.longestDelay.optionText), with an alarm"
        case .broker(let topic): return "\(topic), by the broker itself"
        case .topic(let topic):
            return "\(topic), on \(table.route(of: topic)?.configuration.broker ?? route.broker)"
        }
    }

    private static func notes(of route: RouteConfiguration, on profile: BrokerProfile) -> [String] {
        var notes: [String] = []
        if route.maximumPriority > 0, profile.capabilities.priorityOrder == .strict {
            notes.append("a low priority may starve while higher ones keep coming")
        }
        if route.kind != .pubSub, route.timeout == nil {
            notes.append("a handler may run up to max-hold, \(route.maxHold.optionText); set timeout to end it sooner")
        }
        if route.order == .all, route.concurrency > 1 {
            notes.append("one order of all: one handler runs at a time, whatever concurrency says")
        }
        if route.kind != .pubSub, profile.capabilities.crashCount == .none {
            notes.append("a message that kills its process is never counted as failed by this broker")
        }
        return notes
    }
}
