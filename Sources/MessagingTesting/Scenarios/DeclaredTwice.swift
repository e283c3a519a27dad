import Messaging

/// Scenario 96: a declaration again, by the same process and by another, and one that asks for something else.
struct DeclaredTwice {
    /// What exists, and what a second declaration asks for.
    private struct Difference {
        let what: String
        let existing: @Sendable (inout DestinationDeclaration) -> Void
        let asked: @Sendable (inout DestinationDeclaration) -> Void
        /// What a conflict's sentence names.
        let texts: [String]
    }

    private let context: ScenarioContext
    private let peer: Peer
    private let other: Peer

    static func changesNothing(_ context: ScenarioContext) async throws {
        let run = DeclaredTwice(context: context, peer: try await context.peer(), other: try await context.peer())
        try await run.declaresAgain()
        for difference in run.differences { try await run.conflicts(difference) }
    }

    private func declaresAgain() async throws {
        let place = try await context.place(by: peer)
        let messages = context.messages(5)
        try await peer.publish(messages, to: place)
        let member = try await peer.subscribe(place, window: 2)
        let held = try await member.take(2)
        try await member.accept([held[0]])
        for again in [peer, other, peer] { try await context.declare(place, by: again) }
        try context.require(
            member.holds(held[1]), "declaring again took away what was held", about: [held[1].message.id])
        try await member.accept([held[1]])
        var rest: [Delivery] = []
        while rest.count < 3 {
            let next = try await member.take(1)
            try await member.accept(next)
            rest += next
        }
        try context.requireExactly(rest, messages.suffix(3).map(\.id), "what waited while it was declared again")
        try context.require(
            rest.allSatisfy { $0.attempt == 1 }, "declaring again counted as an attempt", about: rest.map(\.message.id))
        try await member.cancel()
        try await context.nothingComesBack(from: place, because: "it was accepted before or after declaring again")
    }

    /// As many of these as the broker offers.
    private var differences: [Difference] {
        let (group, kind) = (context.group(), context.kind)
        var all: [Difference] = []
        if context.can(.bounded) {
            all.append(
                Difference(
                    what: "length", existing: { $0.maximumMessages = 1234 }, asked: { $0.maximumMessages = 5678 },
                    texts: ["1234", "5678"]))
        }
        if context.can(.order) {
            all.append(
                Difference(
                    what: "order", existing: { $0.order = .none }, asked: { $0.order = .perKey },
                    texts: ["none", "key"]))
        }
        if kind == .queue, context.can(.priority) {
            all.append(
                Difference(
                    what: "priority", existing: { $0.maximumPriority = 3 }, asked: { $0.maximumPriority = 7 },
                    texts: ["priority", "3", "7"]))
        }
        if context.can(.filter) {
            all.append(
                Difference(
                    what: "filter",
                    existing: { $0.groups[group] = .init(filter: HeaderFilter(["colour": "crimson"])) },
                    asked: { $0.groups[group] = .init(filter: HeaderFilter(["colour": "turquoise"])) },
                    texts: [group.name, "crimson", "turquoise"]))
        }
        return all
    }

    /// The sentence says what is, what was asked and what to do, and everything stays as it is.
    private func conflicts(_ difference: Difference) async throws {
        let place = try await context.place(by: peer, nil, difference.existing)
        let member = try await peer.subscribe(place)
        let what = "another \(difference.what)"
        let error = try await conflict(of: difference, at: place)
        try context.require(error.code == .conflict, "asking for \(what) was answered \(error)")
        for text in [place.destination.topic.name] + difference.texts {
            try context.require(
                error.sentence.contains(text), "the conflict of \(what) does not say \(text): \(error.sentence)")
        }
        let remedies = ["delete", "declare", "change", "rename", "use "]
        try context.require(
            remedies.contains { error.sentence.contains($0) },
            "the conflict of \(what) does not say what to do: \(error.sentence)")
        let message = context.message()
        try await other.publish(message, to: place)
        try context.requireExactly(
            try await member.take(1), [message.id], "a consumer beside a declaration that asked for \(what)")
        try await context.declare(place, by: other, difference.existing)
    }

    private func conflict(of difference: Difference, at place: Place) async throws -> BrokerError {
        do {
            try await context.declare(place, by: other, difference.asked)
        } catch let error as BrokerError {
            return error
        }
        throw ScenarioFailure("a declaration that asked for another \(difference.what) succeeded")
    }
}
