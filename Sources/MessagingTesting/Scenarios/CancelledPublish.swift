import Messaging

/// Scenario 34: publishes that are cancelled before they begin, in the middle, and while they wait for room.
struct CancelledPublish {
    private let context: ScenarioContext
    private let peer: Peer
    private let place: Place

    static let all: [Scenario] = [
        Scenario(
            34,
            """
            A cancelled publish either happened or did not; what was confirmed is delivered, and later publishes work.
            """,
            why: "Giving up one request would lose what it was told is safe, or end the publishing of all others.",
            .queue, .stream, body: happenedOrDidNot)
    ]

    /// Of what was published: what must be there, what may be, and what must not.
    private struct Fate {
        var certain: [MessageID] = []
        var possible: [MessageID] = []

        mutating func add(_ messages: [Message], _ outcomes: [Int: PublishFailure.Outcome]) {
            for (index, message) in messages.enumerated() {
                switch outcomes[index] {
                case nil: certain.append(message.id)
                case .unknown: possible.append(message.id)
                case .refused: break
                }
            }
        }
    }

    static func happenedOrDidNot(_ context: ScenarioContext) async throws {
        let peer = try await context.peer()
        let open = CancelledPublish(context: context, peer: peer, place: try await context.place(by: peer))
        try await open.goesOn(after: try await open.cancelledAtAnyPoint())
        guard context.can(.bounded) else { return }
        let place = try await context.place(by: peer) { $0.maximumMessages = 5 }
        let full = CancelledPublish(context: context, peer: peer, place: place)
        try await full.goesOn(after: try await full.cancelledWhileItWaits())
    }

    /// Publishes of five messages each, cancelled at 50 drawn points.
    private func cancelledAtAnyPoint() async throws -> Fate {
        var (generator, fate) = (SeededGenerator(seed: context.seed), Fate())
        for point in 0..<50 {
            let (messages, peer, place) = (context.messages(5), peer, place)
            let publishing = context.meanwhile("a cancelled publish") {
                try await peer.outcomes(of: messages, to: place)
            }
            if point % 3 == 1 { await Task.yield() }
            let delay = Duration.microseconds(Int.random(in: 0...500, using: &generator))
            if point % 3 == 2 { try await context.time.sleep(for: delay) }
            publishing.cancel()
            let outcomes = try await publishing.value()
            try require(outcomes, of: messages)
            fate.add(messages, outcomes)
        }
        return fate
    }

    /// A publish of ten messages to a place for five, cancelled once it waits for room.
    private func cancelledWhileItWaits() async throws -> Fate {
        let (messages, peer, place) = (context.messages(10), peer, place)
        let options = PublishOptions(deadline: context.patience)
        let publishing = context.meanwhile("a cancelled publish that waits for room") {
            try await peer.outcomes(of: messages, to: place, options: options)
        }
        try await context.time.sleep(for: .milliseconds(30))
        publishing.cancel()
        let outcomes = try await publishing.value()
        try require(outcomes, of: messages)
        var fate = Fate()
        fate.add(messages, outcomes)
        return fate
    }

    /// What a cancelled publish answers is about the cancellation.
    private func require(_ outcomes: [Int: PublishFailure.Outcome], of messages: [Message]) throws {
        for (index, outcome) in outcomes {
            try context.require(
                outcome.error.code == .cancelled,
                "a cancelled publish answered \(outcome), not that it was cancelled", about: [messages[index].id])
        }
    }

    /// Everything that was confirmed is delivered, nothing that was refused is, and publishing goes on.
    private func goesOn(after fate: Fate) async throws {
        let (later, peer, place) = (context.messages(4), peer, place)
        let member = try await peer.subscribe(place)
        let publishing = context.meanwhile("publishing after a cancelled publish") {
            let first = try await peer.outcomes(ofOne: later[0], to: place)
            return first.isEmpty ? try await peer.outcomes(of: Array(later[1...]), to: place) : first
        }
        var (missing, received) = (Set(fate.certain + later.map(\.id)), [Delivery]())
        while !missing.isEmpty {
            let some = try await member.receive(upTo: 16, within: context.patience)
            if some.isEmpty { break }
            try await member.accept(some)
            missing.subtract(some.map(\.message.id))
            received += some
        }
        let outcomes = try await publishing.value()
        try context.require(
            outcomes.isEmpty, "after a cancelled publish the next was answered \(outcomes)", about: later.map(\.id))
        let came = Set(received.map(\.message.id))
        let expected = fate.certain + later.map(\.id) + fate.possible.filter(came.contains)
        try context.requireExactly(received, expected, "what was confirmed around cancelled publishes")
        try await context.watch(
            member, publishingBy: peer, but: fate.possible, because: "its publish was refused")
    }
}
