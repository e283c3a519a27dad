import Messaging

/// Scenario 46: one of two consumers settles nothing.
enum LazyNeighbour {
    static let all: [Scenario] = [
        Scenario(
            46,
            """
            Of 1,000 messages with windows of 10, a consumer that settles nothing keeps at most 10; the other handles \
            990 within 5 s.
            """,
            why: """
                One process that hangs would keep a share of all messages from the others, which have nothing to do.
                """,
            .queue, body: keepsItsWindow)
    ]

    static func keepsItsWindow(_ context: ScenarioContext) async throws {
        let (peer, other) = (try await context.peer(), try await context.peer())
        let place = try await context.place(by: peer)
        let lazy = try await peer.subscribe(place, window: 10)
        let busy = try await other.subscribe(place, window: 10)
        let messages = context.messages(1000)
        let began = context.time.uptime
        try await peer.publish(messages, to: place)
        let kept = try await lazy.takeAll(quiet: .milliseconds(50))
        try context.require(
            kept.count <= 10, "with a window of 10 a consumer that settles nothing keeps \(kept.count)",
            about: kept.map(\.message.id))
        let (handled, lateness) = try await context.measuringTheMachine {
            try await handle(990, busy, until: began + .seconds(8), context)
        }
        let took = context.time.uptime - began - lateness.total
        try context.require(
            handled.count >= 990 && took <= .seconds(5),
            "beside a consumer that settles nothing the other handled \(handled.count) in \(took.inMilliseconds)")
        let more = try await lazy.receive(upTo: 1000, within: .milliseconds(50))
        let rest = try await busy.takeAll(quiet: .milliseconds(50))
        try await busy.accept(rest)
        try context.requireExactly(
            kept + more + handled + rest, messages.map(\.id), "what the two consumers got together")
        try context.require(
            (kept + more).count <= 10, "a consumer that settles nothing keeps \((kept + more).count) in the end",
            about: (kept + more).map(\.message.id))
    }

    /// Receives and accepts so many, and gives up when that is hopeless.
    private static func handle(
        _ count: Int, _ member: Member, until end: Duration, _ context: ScenarioContext
    ) async throws -> [Delivery] {
        var handled: [Delivery] = []
        while handled.count < count, context.time.uptime < end {
            let some = try await member.receive(upTo: 10, within: min(context.patience, .seconds(5)))
            if some.isEmpty { break }
            try await member.accept(some)
            handled += some
        }
        return handled
    }
}
