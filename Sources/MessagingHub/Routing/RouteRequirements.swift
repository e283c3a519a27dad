import Messaging
import MessagingReliability

/// What a route asks of its broker, compared with what that can do: each mismatch is a sentence that names the route,
/// the need, the broker and what would do.
enum RouteRequirements {
    /// What of a route its broker cannot meet; empty when all is well.
    static func problems(
        of route: Route, on broker: BrokerName, _ capabilities: BrokerCapabilities, _ limits: BrokerLimits
    ) -> [String] {
        let configuration = route.configuration
        var problems: [String] = []
        func report(_ need: String, _ reason: String, _ remedy: String) {
            problems.append("route \(route.name): broker \(broker) cannot serve \(need): \(reason); \(remedy)")
        }
        for (operation, need, remedy) in needs(of: configuration) {
            if case .refused(let reason) = capabilities[configuration.kind, operation] { report(need, reason, remedy) }
        }
        if configuration.kind != .pubSub, configuration.maxHold > limits.maxHold {
            report(
                "max-hold \(configuration.maxHold.optionText)", "it holds at most \(limits.maxHold.optionText)",
                "set max-hold to \(limits.maxHold.optionText) or less")
        }
        if let hold = configuration.longestHold, hold > configuration.maxHold {
            report(
                "retries on a destination that keeps order",
                "delays and time-outs add up to \(hold.optionText), over max-hold \(configuration.maxHold.optionText)",
                "lower attempts, delays or timeout, or raise max-hold")
        }
        if let topic = configuration.pattern.literal, topic.name.utf8.count > limits.maximumTopicBytes {
            report("topic \(topic)", "its names have at most \(limits.maximumTopicBytes) bytes", "shorten it")
        }
        return problems
    }

    private typealias Need = (operation: BrokerCapabilities.Operation, text: String, remedy: String)

    private static func needs(of route: RouteConfiguration) -> [Need] {
        var needs: [Need] = [(.serve, "a \(route.kind)", "choose another kind or another broker")]
        func ask(_ condition: Bool, _ need: Need) { if condition { needs.append(need) } }
        let other = "remove it, or choose another broker"
        ask(route.isOrdered, (.order, "order: per-key", other))
        ask(!route.isOrdered && route.kind != .pubSub && route.retries.all.contains { $0.limit > 1 },
            (.retry, "retries", "set attempts to 1, or choose another broker"))
        ask(route.maximumPriority > 0, (.priority, "priorities", other))
        ask(route.maximumMessages != nil || route.maximumBytes != nil, (.bounded, "a bounded \(route.kind)", other))
        ask(!route.bindings.isEmpty, (.bindings, "bindings", other))
        ask(route.groups.values.contains { $0.filter != nil }, (.filter, "the filter of a group", other))
        if case .broker = route.deadLetter {
            needs.append((.brokerDeadLetters, "dead-letter: broker", "let the hub dead-letter"))
        }
        return needs
    }
}
