import Messaging

/// Connections that fall silent or break, and subscriptions that fail.
enum BrokenConnectionScenarios {
    static let all: [Scenario] = [
        Scenario(
            82, "A black-holed connection with no traffic is noticed within 2 heartbeats.",
            why: "A consumer behind a broken firewall would wait for ever on a connection that is not there.",
            .queue, .stream, .pubSub, needs: [.link], body: blackHoleIsNoticed),
        Scenario(
            85,
            """
            A consumer is killed with SIGKILL holding n and nothing settled within `settleLag`: exactly those n come \
            again, with attempt 2 where crashes are counted.
            """,
            why: "Work in progress would vanish with its process, or finished work would be done again.",
            .queue, .stream, needs: [.kill], body: killedConsumer),
        Scenario(
            86, "100 seeded reconnects: no silent consumer, no lost subscription, no leak.",
            why: "A consumer would hear nothing after one of many short outages, and nobody would notice.",
            .queue, .stream, .pubSub, needs: [.link], body: manyReconnects),
        Scenario(
            87,
            "One subscription's failure (its queue deleted, its permission gone) does not touch its neighbours.",
            why: "A mistake in one corner would stop a whole service.",
            .queue, .stream, .pubSub, body: failureStaysWhereItIs),
        Scenario(
            89, "A pub/sub subscriber that was away reports the gap.",
            why: "A cache would go on with what it missed the change of.",
            .pubSub, needs: [.link], body: gapIsReported),
        Scenario(
            99,
            """
            Health says connected, degraded or not, with live consumers counted, within one heartbeat of the truth.
            """,
            why: "A service that hears nothing would keep getting work, and one that is well would be restarted.",
            .queue, .stream, .pubSub, needs: [.link], body: healthIsTrue),
    ]

    static func blackHoleIsNoticed(_ context: ScenarioContext) async throws {
        let (silenced, other) = (try await context.peer(), try await context.peer())
        let place = try await context.place(by: other)
        let member = try await silenced.subscribe(place)
        try await context.requirePrompt(
            "noticing that a connection is black-holed", within: context.harness.heartbeat * 2
        ) {
            let (before, began) = (silenced.losses, context.time.uptime)
            try await silenced.disturb("is black-holed", context) { try await $0.blackHole() }
            try await silenced.isLost(moreThan: before, context, "black-holed")
            let took = context.time.uptime - began
            try await silenced.heal(context)
            try await silenced.isUp(context, "no longer black-holed")
            return took
        }
        try silenced.reportsEachOnce(context)
        let message = context.message()
        try await other.publish(message, to: place)
        try context.requireExactly(
            try await member.take(1), [message.id], "what was published once the connection was back")
    }

    static func killedConsumer(_ context: ScenarioContext) async throws {
        let (publisher, doomed) = (try await context.peer(), try await context.peer())
        let place = try await context.place(by: publisher)
        let messages = context.messages(30)
        try await publisher.publish(messages, to: place)
        let member = try await doomed.subscribe(place, window: 20)
        let taken = try await member.take(20)
        let (settled, held) = (taken.prefix(10), taken.suffix(10).map(\.message.id))
        try await member.accept(Array(settled))
        try await context.time.sleep(for: publisher.broker.limits.settleLag)
        await doomed.kill()
        let rest = messages.map(\.id).filter { id in !settled.contains { $0.message.id == id } }
        let heir = try await publisher.subscribe(place)
        let back = try await heir.take(rest.count)
        try context.requireExactly(back, rest, "what a killed consumer had not settled")
        let counts = publisher.broker.capabilities.crashCount
        for delivery in back {
            let wasHeld = held.contains(delivery.message.id)
            // Where deliveries are counted, those count too that were on their way.
            let expected: ClosedRange<Int32> =
                switch counts {
                case .none: 1...1
                case .exact: wasHeld ? 2...2 : 1...1
                case .deliveries, .redeliveredOnly: wasHeld ? 2...2 : 1...2
                }
            try context.require(
                expected.contains(delivery.attempt),
                "\(wasHeld ? "held" : "not held") by a consumer that was killed, it came with attempt \(delivery.attempt)",
                about: [delivery.message.id])
        }
        try await heir.accept(back)
        try await heir.cancel()
        try await context.nothingComesBack(from: place, because: "it was settled, before the kill or after it")
        withExtendedLifetime(member) {}
    }

    static func manyReconnects(_ context: ScenarioContext) async throws {
        let (broken, other) = (try await context.peer(), try await context.peer())
        let place = try await context.place(by: other)
        let member = try await broken.subscribe(place)
        let inventory = try await context.inventory(for: "connections that reconnects leave behind")
        var generator = SeededGenerator(seed: context.seed)
        for round in 1...100 {
            let before = broken.losses
            let way = Int.random(in: 0..<4, using: &generator)
            switch way {
            case 0: try await broken.disturb("is cut", context) { try await $0.cut() }
            case 1: try await broken.disturb("is refused", context) { try await $0.refuse() }
            case 2:
                try await broken.disturb("is cut while receiving", context) { try await $0.cutWhileReceiving() }
                try await other.publish(context.message("torn \(round)"), to: place)
                _ = try await member.receive(upTo: 8, within: .milliseconds(1))
            default:
                try await broken.disturb("is cut while sending", context) { try await $0.cutWhileSending() }
                _ = try await broken.outcomes(ofOne: context.message("torn \(round)"), to: place)
            }
            try await broken.isLost(moreThan: before, context, "cut for the \(round). time")
            try await broken.heal(context)
            try await broken.isUp(context, "cut for the \(round). time")
            try await hears(member, from: other, "after \(round) reconnects", context)
        }
        try broken.reportsEachOnce(context)
        let health = await broken.broker.health()
        try context.require(
            health.consumers == 1, "after 100 reconnects, health counts \(health.consumers) consumers, not 1")
        if let inventory {
            try await context.requireGained(lessThan: 25, since: inventory, by: "100 reconnects")
        }
        guard let topology = other.broker.topology else { return }
        do {
            let depth = try await topology.depth(of: place.destination, group: place.group)
            try context.require(
                depth.consumers == 1, "after 100 reconnects, the server counts \(depth.consumers) consumers, not 1")
        } catch let error as BrokerError where error.code == .unsupported && context.kind == .pubSub {
            context.notMeasured("the consumers that the server counts", because: error.sentence)
        }
    }

    /// Fails unless a consumer receives what is published now. Whatever else comes is accepted.
    static func hears(
        _ member: Member, from peer: Peer, _ when: String, _ context: ScenarioContext
    ) async throws {
        let probe = context.message("probe")
        try await peer.publish(probe, to: member.place)
        let end = context.time.uptime + context.patience
        while context.time.uptime < end {
            let deliveries = try await member.receive(upTo: 8, within: end - context.time.uptime)
            try await member.accept(deliveries)
            if deliveries.contains(where: { $0.message.id == probe.id }) { return }
        }
        throw ScenarioFailure("\(when), a consumer did not hear what was published", about: [probe.id])
    }

    static func gapIsReported(_ context: ScenarioContext) async throws {
        let (away, other) = (try await context.peer(), try await context.peer())
        let place = try await context.place(by: other)
        let (member, stayed) = (try await away.subscribe(place), try await other.subscribe(place))
        try await hears(member, from: other, "before it was away", context)
        for round in 1...2 {
            let before = away.losses
            try await away.disturb("is refused", context) { try await $0.refuse() }
            try await away.isLost(moreThan: before, context, "refused")
            let missed = context.messages(10)
            try await other.publish(missed, to: place)
            try await away.heal(context)
            try await away.isUp(context, "no longer refused")
            try await hears(member, from: other, "after it was away", context)
            let found = await away.events.first(within: context.patience) { $0.count(where: \.isGap) >= round }
            try context.require(
                found != nil, "a subscriber that was away did not report the gap", about: missed.map(\.id))
            let gaps = away.events.value.count(where: \.isGap)
            try context.require(gaps == round, "a subscriber that was away \(round) times reported \(gaps) gaps")
        }
        let stayedGaps = other.events.value.count(where: \.isGap)
        try context.require(stayedGaps == 0, "a subscriber that was not away reported a gap")
        withExtendedLifetime(stayed) {}
    }

    static func healthIsTrue(_ context: ScenarioContext) async throws {
        let (peer, other) = (try await context.peer(), try await context.peer())
        let (place, doomed) = (try await context.place(by: other), try await context.place(by: other))
        try await requireHealth(of: peer, .connected, 0, "connected, with no subscription", context)
        let (member, failing) = (try await peer.subscribe(place), try await peer.subscribe(doomed))
        try await requireHealth(of: peer, .connected, 2, "connected, with two subscriptions", context)
        try await peer.disturb("is refused", context) { try await $0.refuse() }
        try await requireHealth(of: peer, .disconnected, 2, "cut off", context)
        try await peer.heal(context)
        try await peer.isUp(context, "no longer cut off")
        try await requireHealth(of: peer, .connected, 2, "connected again", context)
        if context.kind != .pubSub, let topology = other.broker.topology {
            try await topology.delete(doomed.destination)
            try await requireHealth(
                of: peer, .degraded, 1, "once what a subscription receives from was deleted", context)
        } else {
            try await failing.cancel()
            try await requireHealth(of: peer, .connected, 1, "once a subscription was cancelled", context)
        }
        await peer.close()
        try await requireHealth(of: peer, .closed, 0, "closed", context)
        withExtendedLifetime((member, failing)) {}
    }

    /// Fails unless health says so within a heartbeat, and stays with it. The machine's own lateness is excused.
    private static func requireHealth(
        of peer: Peer, _ state: BrokerHealth.State, _ consumers: Int, _ when: String, _ context: ScenarioContext
    ) async throws {
        let (time, limit) = (context.time, context.harness.heartbeat)
        let (health, lateness) = try await context.measuringTheMachine {
            let end = time.uptime + limit
            var health = await peer.broker.health()
            while health.state != state || health.consumers != consumers, time.uptime < end {
                try await time.sleep(for: .milliseconds(2))
                health = await peer.broker.health()
            }
            return health
        }
        if health.state == state, health.consumers == consumers { return }
        try await time.sleep(for: lateness.total)
        let late = await peer.broker.health()
        if lateness.total > limit / 2, late.state == state, late.consumers == consumers { return }
        let found = "\(health.state.rawValue) with \(health.consumers) consumers"
        throw ScenarioFailure("\(when), health says \(found), not \(state.rawValue) with \(consumers)")
    }
}

extension BrokerEvent {
    var isGap: Bool { if case .gap = self { true } else { false } }
}
