import Messaging
import MessagingHub

/// What a broker keeps its promises through: the end and the standstill of its server, and broken connections.
enum FailureScenarios {
    static let all: [Scenario] = [
        Scenario(
            79,
            """
            The broker restarts under load: 0 confirmed lost, duplicates ≤ in flight + settled within `settleLag`, \
            messages flow within 5 s of its return, no user code runs for it.
            """,
            why: "Every broker is restarted one day: messages would be lost, or services had to be restarted too.",
            .queue, .stream, needs: [.crash], body: restartsUnderLoad),
        Scenario(
            80,
            """
            The broker is down at subscribe time, for longer than every time-out, and comes up: the subscription lives \
            without a restart.
            """,
            why: "A service that starts before its broker would run for ever without hearing anything.",
            .queue, .stream, .pubSub, level: .hub, needs: [.crash], body: subscribesWhileDown),
        Scenario(
            81, "The broker is frozen for 2 heartbeats and thawed: as 79.",
            why: "A paused virtual machine or a full disk would cost messages, or silence consumers for good.",
            .queue, .stream, needs: [.crash], body: frozenUnderLoad),
        Scenario(
            83, "The connection is cut in the middle of a frame, both ways: as 79.",
            why: "A network that breaks at the wrong byte would lose what was said to be safe.",
            .queue, .stream, needs: [.link], body: tornUnderLoad),
    ]

    static func restartsUnderLoad(_ context: ScenarioContext) async throws {
        let load = try await SteadyLoad(context)
        try await load.disturbed("after the server was killed and started") {
            try await context.crash()
            try await context.time.sleep(for: .milliseconds(20))
        } heal: {
            try await context.restart()
        }
        try await load.disturbed("after the server was stopped and started") {
            try await context.stop()
            try await context.time.sleep(for: .milliseconds(20))
        } heal: {
            try await context.restart()
        }
        try await load.ends()
    }

    static func frozenUnderLoad(_ context: ScenarioContext) async throws {
        let load = try await SteadyLoad(context)
        try await load.disturbed("after the server was frozen and thawed") {
            try await context.freeze()
            try await context.time.sleep(for: context.harness.heartbeat * 2)
        } heal: {
            try await context.thaw()
        }
        try await load.ends()
    }

    static func tornUnderLoad(_ context: ScenarioContext) async throws {
        let load = try await SteadyLoad(context)
        for (peer, who) in [(load.publisher, "publisher"), (load.consumer, "consumer")] {
            for tear in LinkTear.allCases {
                // What flows again may flow before all of it is up.
                try await peer.isUp(context, "before a cut while \(tear.rawValue)")
                let before = peer.losses
                try await load.disturbed("after a cut while the \(who) was \(tear.rawValue)") {
                    try await peer.disturb("is cut while \(tear.rawValue)", context, tear.cut)
                    try await peer.isLost(moreThan: before, context, "cut while \(tear.rawValue)")
                } heal: {
                    try await peer.heal(context)
                }
                // Messages may flow before all of its connections are there; one that is down cannot be lost again.
                try await peer.isUp(context, "cut while \(tear.rawValue)")
            }
        }
        try await load.ends()
    }

    static func subscribesWhileDown(_ context: ScenarioContext) async throws {
        let (place, handler) = (context.nowhere(), context.handler())
        try await context.withHub(at: place) { hub in
            // What the route needs exists before the server ends.
            if place.destination.kind != .pubSub {
                try await hub.publish(context.message("before"), to: place.destination.topic)
            }
            try await context.crash()
            let subscribing = context.meanwhile("subscribing while the server is down", within: context.patience) {
                try await hub.subscribe(to: place.destination.topic, group: place.group, handler.handle)
            }
            try await context.time.sleep(for: context.harness.heartbeat * 3)
            try await context.restart()
            do {
                _ = try await subscribing.value()
            } catch {
                throw ScenarioFailure("a subscription made while the server was down did not live on: \(error)")
            }
            let end = context.time.uptime + context.patience
            while context.time.uptime < end {
                _ = try? await hub.publish(context.message("probe"), to: place.destination.topic)
                if await handler.waits(for: 1, within: .milliseconds(50)) { return }
            }
            throw ScenarioFailure("a subscription made while the server was down hears nothing now that it is up")
        }
    }
}

/// In which direction the frame went in whose middle a connection is cut.
enum LinkTear: String, CaseIterable {
    case sending, receiving

    func cut(_ link: any BrokerLink) async throws {
        switch self {
        case .sending: try await link.cutWhileSending()
        case .receiving: try await link.cutWhileReceiving()
        }
    }
}

extension Peer {
    /// Disturbs its link to the server.
    func disturb(
        _ what: String, _ context: ScenarioContext, _ work: (any BrokerLink) async throws -> Void
    ) async throws {
        guard let link else { return }
        context.history.fault(what, of: name)
        try await work(link)
    }

    /// Lets everything through its link again.
    func heal(_ context: ScenarioContext) async throws {
        try await link?.restore()
        context.history.recovery("has a link again", of: name)
    }

    /// How often it has reported that its connection is gone.
    var losses: Int { events.value.count(where: \.isDown) }

    /// Fails unless it has reported that its connection is gone, or gone again.
    func isLost(moreThan before: Int, _ context: ScenarioContext, _ what: String) async throws {
        let found = await events.first(within: context.patience) { $0.count(where: \.isDown) > before }
        try context.require(found != nil, "\(name), \(what), did not report that its connection is gone")
    }

    /// Fails unless the last that it has reported of its connection is that it is up.
    func isUp(_ context: ScenarioContext, _ what: String) async throws {
        let found = await events.first(within: context.patience) { events in
            events.last { $0 == .up || $0.isDown } == .up
        }
        try context.require(found != nil, "\(name), \(what), did not report that its connection is up")
    }

    /// Fails unless it has reported each change of its connection once.
    func reportsEachOnce(_ context: ScenarioContext) throws {
        var isUp = false
        for event in events.value where event == .up || event.isDown {
            let word = event == .up ? "up" : "down"
            try context.require(
                isUp != (event == .up), "\(name) reported twice in a row that its connection is \(word)")
            isUp = event == .up
        }
    }
}

extension BrokerEvent {
    var isDown: Bool { if case .down = self { true } else { false } }
}
