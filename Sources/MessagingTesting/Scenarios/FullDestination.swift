import Messaging

/// Scenario 37: a place for five messages, a sixth, and a seventh once there is room.
struct FullDestination {
    private let context: ScenarioContext
    private let peer: Peer
    private let place: Place
    private let five: [Message]

    static func waitsOrFails(_ context: ScenarioContext) async throws {
        let peer = try await context.peer()
        for whenFull in [DestinationDeclaration.WhenFull.wait, .refuse] {
            let place = try await context.place(by: peer) {
                $0.maximumMessages = 5
                $0.whenFull = whenFull
            }
            let full = FullDestination(context: context, peer: peer, place: place, five: context.messages(5))
            try await peer.publish(full.five, to: place)
            switch whenFull {
            case .wait: try await full.waits()
            case .refuse: try await full.refuses()
            }
        }
    }

    /// Publishes a sixth message; how it is refused, and after how long.
    private func sixth(within deadline: Duration) async throws -> (error: BrokerError, waited: Duration) {
        let sixth = context.message("sixth")
        let began = context.time.uptime
        let outcomes = try await peer.outcomes(of: [sixth], to: place, options: PublishOptions(deadline: deadline))
        guard case .refused(let error) = outcomes[0] else {
            throw ScenarioFailure("a sixth message in a place for five was not refused", about: [sixth.id])
        }
        return (error, context.time.uptime - began)
    }

    private func waits() async throws {
        let (_, waited) = try await sixth(within: .milliseconds(300))
        try context.require(
            waited >= .milliseconds(300),
            "a full place that lets publish wait refused it after \(waited.inMilliseconds), not after 300ms")
        let (peer, place, seventh) = (peer, place, context.message("seventh"))
        let member = try await peer.subscribe(place)
        let waiting = context.meanwhile("a publish that waits for room") {
            try await peer.outcomes(of: [seventh], to: place)
        }
        let first = try await member.take(1)
        try await member.accept(first)
        try context.require(
            try await waiting.value().isEmpty, "a publish that waited for room was not confirmed", about: [seventh.id])
        try await requireAll(with: seventh, first, member)
    }

    /// A refusal comes well before the deadline, and what is accepted makes room.
    private func refuses() async throws {
        let deadline = min(context.patience, .seconds(4))
        let (error, waited) = try await sixth(within: deadline)
        try context.require(
            waited < deadline / 2,
            "a full place that refuses answered only after \(waited.inMilliseconds), of \(deadline.optionText) at most")
        try context.require(error.code == .resourceExhausted, "a full place that refuses answered \(error)")
        let member = try await peer.subscribe(place)
        let first = try await member.take(1)
        try await member.accept(first)
        let seventh = context.message("seventh")
        try await peer.publish(seventh, to: place)
        try await requireAll(with: seventh, first, member)
    }

    private func requireAll(with seventh: Message, _ first: [Delivery], _ member: Member) async throws {
        let received = first + (try await member.take(5))
        try context.requireExactly(received, (five + [seventh]).map(\.id), "what a full place had confirmed")
    }
}
