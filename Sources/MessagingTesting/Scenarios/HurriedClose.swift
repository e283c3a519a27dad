import Messaging

/// Scenario 76: a broker is closed while one of its calls waits.
struct HurriedClose {
    private static let grace = Duration.seconds(1)

    private let context: ScenarioContext
    private let other: Peer

    static func returnsInTime(_ context: ScenarioContext) async throws {
        let run = HurriedClose(context: context, other: try await context.peer())
        try await run.closes("during a receive", run.whileReceiving)
        try await run.closes("during a publish", run.whilePublishing)
        try await run.closesTwiceAtOnce()
        try await run.closesWhileConnecting()
    }

    /// Closes a process while what `begin` began goes on: within the grace period, and that ends too.
    private func closes(_ when: String, _ begin: (Peer) async throws -> Meanwhile<String>) async throws {
        try await context.requirePrompt("close \(when)", within: Self.grace) {
            let peer = try await context.peer()
            let going = try await begin(peer)
            try await context.time.sleep(for: .milliseconds(30))
            let took = try await close(peer, when)
            _ = try await going.value()
            return took
        }
    }

    private func close(_ peer: Peer, _ when: String) async throws -> Duration {
        let (broker, began) = (peer.broker, context.time.uptime)
        try await context.time.bounded("close \(when)", within: Self.grace + context.patience) {
            await broker.close(within: Self.grace)
        }
        return context.time.uptime - began
    }

    private func whileReceiving(_ peer: Peer) async throws -> Meanwhile<String> {
        let member = try await peer.subscribe(try await context.place(by: peer))
        let wait = context.patience * 4
        return context.meanwhile("a receive during close") {
            do { return "\(try await member.receive(within: wait).count) deliveries" } catch let error as BrokerError {
                return "\(error)"
            }
        }
    }

    /// A publish that waits for room, where a destination can be full; else one after the other, until it is refused.
    private func whilePublishing(_ peer: Peer) async throws -> Meanwhile<String> {
        let isBounded = context.can(.bounded)
        let place = try await context.place(by: other) { if isBounded { $0.maximumMessages = 1 } }
        if isBounded { try await other.publish(context.message(), to: place) }
        let (context, time) = (context, context.time)
        let end = time.uptime + context.patience * 4
        return context.meanwhile("a publish during close") {
            while time.uptime < end {
                let outcomes = try await peer.outcomes(of: [context.message()], to: place)
                if let outcome = outcomes[0] { return "\(outcome)" }
                await Task.yield()
            }
            return "confirmed all the time"
        }
    }

    private func closesTwiceAtOnce() async throws {
        try await context.requirePrompt("close twice at once", within: Self.grace) {
            let peer = try await context.peer()
            let member = try await peer.subscribe(try await context.place(by: peer))
            let receiving = context.meanwhile("a receive during close") {
                do { _ = try await member.receive(within: .seconds(60)) } catch is BrokerError {}
            }
            try await context.time.sleep(for: .milliseconds(10))
            let (broker, grace, began) = (peer.broker, Self.grace, context.time.uptime)
            let both = (0..<2).map { _ in
                context.meanwhile("close twice at once", within: grace + context.patience) {
                    await broker.close(within: grace)
                }
            }
            for one in both { try await one.value() }
            let took = context.time.uptime - began
            try await receiving.value()
            return took
        }
    }

    /// A connect that is not answered, where the harness has a hold of the link or of the server; else one that is.
    private func closesWhileConnecting() async throws {
        try await context.requirePrompt("close during a connect", within: Self.grace) {
            let peer = try await context.process()
            if let link = peer.link {
                try await link.blackHole()
            } else if context.canCrash(for: "a connect that is not answered") {
                try await context.freeze()
            }
            let connecting = context.meanwhile("a connect during close", within: context.patience * 4) {
                do { try await peer.broker.connect { _ in } } catch {}
            }
            try await context.time.sleep(for: .milliseconds(30))
            let took = try await close(peer, "during a connect")
            try await connecting.value()
            if peer.link == nil { try await context.thaw() }
            return took
        }
    }
}
