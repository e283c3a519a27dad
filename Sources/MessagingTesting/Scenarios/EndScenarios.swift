import Messaging

/// How a consumer ends, and from where a reader cannot begin.
enum EndScenarios {
    static let all: [Scenario] = [
        Scenario(
            44, "A consumer that can receive no more throws `ended` with the reason; it is never silent.",
            why: "A service whose queue was deleted looks idle for weeks, because its receive comes back empty.",
            .queue, .stream, .pubSub, body: EndedConsumer.isNeverSilent),
        Scenario(
            57, "From a position that is gone it throws, says what is the first, and the reader has not moved.",
            why: "A reader that was away for too long goes on behind a hole, and nobody learns what it has missed.",
            .stream, needs: [.operation(.replay), .operation(.bounded)], body: GonePosition.isSaid),
        Scenario(
            60,
            """
            A subscription with `until: .end` throws `ended(.reachedEnd)` once its group has settled everything up to \
            the end as it was at subscribe, also what a dead peer still held; a bounded replay ends at that position and \
            waits for nobody.
            """,
            why: "A batch job stops before its last messages are done, or runs for ever behind what keeps coming in.",
            .queue, .stream, needs: [.operation(.untilEnd)], body: UntilTheEnd.endsThere),
    ]
}
