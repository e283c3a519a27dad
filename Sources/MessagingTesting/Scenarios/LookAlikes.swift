import Messaging
import MessagingHub
import MessagingReliability

/// Scenario 95: messages and topics that are nearly the same, in one route.
enum LookAlikes {
    static func areDifferent(_ context: ScenarioContext) async throws {
        let base = context.topic("alike")
        let topics = ["x", "X", "xy", "x-y"].map { Topic(unchecked: "\(base).\($0)") }
        for topic in topics { context.removesAtEnd(Destination(topic, context.kind)) }
        // `x` of the group `y-z` and `x-y` of the group `z` are one text where somebody joins them.
        let groups: [GroupName?] = context.kind == .stream ? ["y-z", "z"] : [nil]
        let messages = ids.map { id in
            context.history.name(id, "\(id)")
            return Message("alike", id: id)
        }
        let pattern = TopicPattern(topics[0])
        let place = Place(Destination(topics[0], context.kind), group: groups[0])
        try await context.withDeduplicatingHub(
            at: place, with: context.deduplicationStore(),
            route: { route in
                route.pattern = (try? TopicPattern("\(base).*", style: .amqp)) ?? pattern
                for group in groups.compactMap({ $0 }) { route.groups[group] = .init() }
                route.deadLetter = .none
            }
        ) { hub in
            let handler = context.handler()
            for topic in topics {
                for group in groups { try await hub.subscribe(to: topic, group: group, handler.handle) }
            }
            let all = topics.count * groups.count * messages.count
            for topic in topics { try await hub.publish(messages, to: topic) }
            let isHandled = await handler.waits(for: all, within: context.patience)
            try context.require(
                isHandled,
                "of \(all) messages that look alike \(handler.handled.count) were handled: the others were taken for them",
                about: messages.map(\.id))
            for topic in topics { try await hub.publish(messages, to: topic) }
            let areKnown = try await context.holds { hub.metrics().duplicates == all || handler.handled.count > all }
            try context.require(
                areKnown && handler.handled.count == all,
                "of \(all) messages that came a second time \(handler.handled.count - all) were handled again",
                about: messages.map(\.id))
        }
    }

    /// An id, and others that differ from it in one bit, in one half, in the order of their halves or of their bytes.
    private static var ids: [MessageID] {
        let id = MessageID()
        let (high, low) = (id.high, id.low | 0x0100)
        return [
            MessageID(high: high, low: low), MessageID(high: high, low: low ^ 1), MessageID(high: high ^ 1, low: low),
            MessageID(high: high, low: low ^ 1 << 63), MessageID(high: high, low: low.byteSwapped),
            MessageID(high: high, low: ~low),
        ]
    }
}
