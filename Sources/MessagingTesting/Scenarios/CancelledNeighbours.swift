import Messaging

/// Scenario 40 on a queue: of several members that wait, all but one are cancelled at the moment when a message comes.
/// Whoever was woken for it passes it on.
struct CancelledNeighbours {
    private static let points = 40

    private let context: ScenarioContext
    private let peer: Peer
    private let topology: any TopologyAdministration
    private let keeper: Member
    private let rivals: [Member]

    static func passOn(_ context: ScenarioContext) async throws {
        let peer = try await context.peer()
        guard let topology = peer.broker.topology else {
            return context.notMeasured(
                "what a cancelled receive passes on", because: "the broker does not tell how much waits")
        }
        let place = try await context.place(by: peer)
        let keeper = try await peer.subscribe(place)
        var rivals: [Member] = []
        for _ in 0..<4 { rivals.append(try await peer.subscribe(place)) }
        let run = CancelledNeighbours(
            context: context, peer: peer, topology: topology, keeper: keeper, rivals: rivals)
        for point in 0..<points {
            if try await run.isReadAhead(at: point) { return }
        }
    }

    /// One message. True where a member that does not receive has it all the same: it reads ahead, as it may.
    private func isReadAhead(at point: Int) async throws -> Bool {
        let (message, wait, began) = (context.message(), context.patience / 2, context.time.uptime)
        let kept = receiving(keeper, within: wait)
        let ended = rivals.map { receiving($0, within: context.patience) }
        try await context.time.sleep(for: .milliseconds(2))
        // In no task of its own: those that are cancelled have not left yet.
        if point % 2 == 0 { for receive in ended { receive.cancel() } }
        try await peer.broker.publish(message, to: keeper.place.destination, options: PublishOptions())
        for receive in ended { receive.cancel() }
        for (rival, receive) in zip(rivals, ended) {
            let deliveries = try await ReceivingScenarios.cancelled(context, receive)
            if deliveries.isEmpty { continue }
            try await rival.accept(deliveries)
            try context.requireExactly(
                deliveries + (try await ReceivingScenarios.cancelled(context, kept)), [message.id],
                "what one message was to five members")
            return false
        }
        let deliveries = try await kept.value()
        var isWaiting = !deliveries.isEmpty
        if deliveries.isEmpty {
            isWaiting = try await topology.depth(of: keeper.place.destination, group: nil).waiting > 0
        }
        try context.require(
            !isWaiting || context.time.uptime - began < wait,
            "a message waited for \(wait.optionText) beside a member that received, since others were cancelled",
            about: [message.id])
        try await keeper.accept(deliveries)
        return deliveries.isEmpty
    }

    private func receiving(_ member: Member, within wait: Duration) -> Meanwhile<[Delivery]> {
        context.meanwhile("a receive of \(member.name)", within: wait + context.patience) {
            try await member.receive(within: wait)
        }
    }
}
