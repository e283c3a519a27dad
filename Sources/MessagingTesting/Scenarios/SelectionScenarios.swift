import Messaging

/// Which messages a consumer gets of those that there are.
enum SelectionScenarios {
    static let all: [Scenario] = [
        Scenario(
            54,
            """
            Patterns select as AMQP (`*`, `#`) and NATS (`*`, `>`) say, in their own style: on pubSub any topic, on a \
            stream among the declared destinations.
            """,
            why: "A consumer of orders.* misses orders, or gets payments, once the broker is another one.",
            .stream, .pubSub, needs: [.operation(.pattern)], body: PatternRun.selects),
        Scenario(
            55,
            """
            A group's filter on headers lets through exactly what matches and counts the rest; declaring the group with \
            another filter is a conflict, a filter on a queue is refused.
            """,
            why: "What a filter drops by mistake was never handled, and no figure shows it.",
            .stream, needs: [.operation(.filter)], body: GroupFilter.letsThroughWhatMatches),
    ]
}
