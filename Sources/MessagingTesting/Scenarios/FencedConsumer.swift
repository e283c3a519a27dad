import Messaging

/// Scenario 103: a consumer that keeps others from an ordered destination, after another has got its place.
///
/// What a producer is at this seam is the same consumer: what it forwards.
struct FencedConsumer {
    /// How it loses its place.
    private enum Way: String {
        case holding = "held for too long"
        case silent = "was not heard of"
    }

    private let context: ScenarioContext
    private let way: Way
    private let place: Place
    private let aside: Place
    private let events: Observed<[BrokerEvent]>
    private let fenced: Member
    private let heir: Member

    static func canDoNoHarm(_ context: ScenarioContext) async throws {
        try await loses(context, by: .holding)
        guard try await context.process().link != nil else {
            return context.notMeasured("a consumer that falls silent", without: .link)
        }
        try await loses(context, by: .silent)
    }

    private static func loses(_ context: ScenarioContext, by way: Way) async throws {
        let (other, slow) = (try await context.peer(), try await context.process())
        let events = Observed<[BrokerEvent]>([], on: context.time)
        try await context.time.bounded("connect", within: context.patience) {
            try await slow.broker.connect { event in events.change { $0.append(event) } }
        }
        let place = try await context.place(by: other) { $0.order = .perKey }
        let aside = try await context.place(by: other, .queue)
        let messages = (0..<4).map { _ in context.message(key: "key") }
        try await other.publish(messages, to: place)
        let fenced = try await slow.subscribe(place, window: 2) {
            if way == .holding { $0.maxHold = .milliseconds(300) }
        }
        let held = try await fenced.take(2)
        let run = FencedConsumer(
            context: context, way: way, place: place, aside: aside, events: events, fenced: fenced,
            heir: try await other.subscribe(place, window: 4))
        if way == .silent { try await slow.link?.blackHole() }
        let inherited = try await run.heir.take(4)
        if way == .silent { try await slow.link?.restore() }
        try context.require(
            inherited.map(\.message.id) == messages.map(\.id),
            "who took over received \(context.names(inherited.map(\.message.id))) out of order",
            about: inherited.map(\.message.id))
        try await run.requireTold()
        try await run.requireHarmless(held)
        try await run.heir.accept(inherited)
        try await run.leavesNothing()
    }

    /// By an event, or by its next receive, and it gets nothing while the other lives.
    private func requireTold() async throws {
        var isTold = false
        do {
            let more = try await fenced.receive(upTo: 4, within: .milliseconds(100))
            try context.requireExactly(more, [], "a consumer that \(way.rawValue)")
            let (way, label) = (way, Subscription(place.destination, group: place.group).label)
            isTold =
                await events.first(within: context.patience) { events in
                    events.contains { event in
                        switch event {
                        case .revoked(label, _): way == .holding
                        case .down: way == .silent
                        default: false
                        }
                    }
                } != nil
        } catch let error as BrokerError {
            try context.require(error.code == .fenced, "receive of a consumer that \(way.rawValue) threw \(error)")
            isTold = true
        }
        try context.require(
            isTold, "a consumer that \(way.rawValue) was fenced, and neither an event nor its receive said so")
    }

    /// None of what it held is its own any more, whatever it says of it.
    private func requireHarmless(_ held: [Delivery]) async throws {
        for delivery in held {
            try context.require(
                !fenced.holds(delivery), "holds says true to a consumer that \(way.rawValue)",
                about: [delivery.message.id])
        }
        let forwarded = Settlement.forward([Outgoing(context.message("forwarded"), to: aside.destination)])
        let settlements: [Settlement] = [.accept, .release, .discard(reason: "it was fenced"), forwarded]
        for settlement in settlements {
            let outcomes = try await fenced.settle(held.map { ($0, settlement) })
            for (delivery, outcome) in zip(held, outcomes) where !Self.isOwn(outcome) {
                throw ScenarioFailure(
                    "\(settlement.word) by a consumer that \(way.rawValue) was answered \(outcome), not stale",
                    about: [delivery.message.id])
            }
        }
    }

    private static func isOwn(_ outcome: SettlementOutcome) -> Bool {
        if case .failed(let error) = outcome { error.code == .fenced } else { outcome == .stale }
    }

    private func leavesNothing() async throws {
        try await fenced.cancel()
        try await heir.cancel()
        try await context.nothingComesBack(from: aside, because: "it was forwarded by a consumer that was fenced")
        try await context.nothingComesBack(from: place, because: "who had taken over had accepted it")
    }
}
