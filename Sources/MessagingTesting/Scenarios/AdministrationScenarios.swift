import Messaging

/// What is declared, looked at and emptied.
enum AdministrationScenarios {
    static let all: [Scenario] = [
        Scenario(
            52, "Twenty processes that start at once on a virgin broker agree on one topology.",
            why: "The first deployment fails in half of its pods, or leaves two topologies of which one is read.",
            .queue, .stream, .pubSub, body: SimultaneousStart.agrees),
        Scenario(
            96,
            """
            Declaring the same topology twice changes nothing; a conflict with what exists is explained: what is, what was \
            asked, what to do.
            """,
            why: "A restart empties a queue, or a changed setting is ignored until the day on which it is needed.",
            .queue, .stream, body: DeclaredTwice.changesNothing),
        Scenario(
            97,
            """
            Depth, consumers and lag agree with the history once nothing moves; oldest age where the capability says so.
            """,
            why: "An alarm on a backlog stays silent, or never does.",
            .queue, .stream, body: DepthRun.agrees),
        Scenario(
            98, "Purge removes what waits and nothing that is held.",
            why: "Work that is being done is lost when somebody clears a backlog.",
            .queue, body: Purged.keepsWhatIsHeld),
    ]
}
