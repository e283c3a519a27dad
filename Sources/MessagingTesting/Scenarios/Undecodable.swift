import Messaging
import MessagingHub

/// Scenario 22: bodies that are not what a typed subscription expects.
enum Undecodable {
    static let all: [Scenario] = [
        Scenario(
            22, "An undecodable message is dead-lettered at its first attempt.",
            why: """
                A body that no repetition makes readable would be tried again and again, or be dropped as if it had \
                been handled.
                """,
            .queue, .stream, level: .hub, needs: [.operation(.retry)], body: isDeadLetteredAtOnce)
    ]

    private struct Order: Codable, Sendable { let number: Int }

    static func isDeadLetteredAtOnce(_ context: ScenarioContext) async throws {
        let (place, good) = (context.nowhere(), context.message("good", body: Body("{\"number\":1}")))
        let dead = context.deadLetters(of: place)
        let bodies: [Body] = [Body([0xFF, 0xFE]), .empty, Body("{\"number\":\"one\"}")]
        let messages = bodies.map { context.message(body: $0) }
        let (peer, handler) = (try await context.peer(), context.handler())
        let letters = try await context.withHub(at: place, route: { $0.retry = AttemptScenarios.policy(5) }) { hub in
            try await hub.subscribe(to: TypedTopic<Order>(place.destination.topic), group: place.group) { _, delivery in
                try await handler.handle(delivery)
            }
            try await hub.publish(messages + [good], to: place.destination.topic)
            await handler.waits(for: 1, within: context.patience)
            let member = try await peer.subscribe(dead)
            let letters = try await member.take(messages.count)
            try await member.accept(letters)
            try await context.watch(member, publishingBy: peer, because: "it was dead-lettered once, or handled")
            try await member.cancel()
            return letters
        }
        try context.requireExactly(letters, messages.map(\.id), "the dead letters of undecodable bodies")
        for letter in letters.map(\.message) {
            for (name, value) in [(HeaderName.deadLetterReason, "undecodable"), (.deadLetterAttempt, "1")] {
                let given = letter.headers[name] ?? "missing"
                try context.require(
                    given == value, "\(name) of an undecodable message is \(given), not \(value)", about: [letter.id])
            }
            let sent = messages.first { $0.id == letter.id }?.body
            try context.require(
                letter.body.array == sent?.array, "the body of the dead letter is not what was sent", about: [letter.id]
            )
        }
        let handled = handler.handled.map(\.message.id)
        try context.require(
            handled == [good.id], "handled was \(context.names(handled)), not \(context.names([good.id])) alone",
            about: handled + [good.id])
        try await context.nothingComesBack(from: place, because: "it was handled or dead-lettered")
    }
}
