import Messaging

/// From where a broker is called, and in what moment.
enum ContextScenarios {
    static let all: [Scenario] = [
        Scenario(
            70,
            """
            Subscribing, publishing and settling from a task that is cancelled or finished right after, from another actor \
            and from a custom executor works, and later calls from elsewhere work.
            """,
            why: "A consumer dies with the request that made it, or a call made on an actor never returns.",
            .queue, .stream, .pubSub, body: CallingContext.worksFromEverywhere),
        Scenario(
            76,
            """
            `close()` during a connect that hangs, during a receive, during a publish, and twice at once returns within \
            the grace period.
            """,
            why: "A pod does not stop, is killed by its scheduler, and what it was doing is done again.",
            .queue, .stream, .pubSub, body: HurriedClose.returnsInTime),
        Scenario(
            103, "A producer or consumer that was fenced gets its own error and can do no harm.",
            why: "A process that stood still for a minute wakes up and undoes what its successor has done.",
            .queue, .stream, needs: [.operation(.order), .operation(.fencing)], body: FencedConsumer.canDoNoHarm),
    ]
}
