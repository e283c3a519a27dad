import Messaging

/// What a broker takes of the machine, and gives back.
enum ResourceScenarios {
    static let all: [Scenario] = [
        Scenario(
            36,
            """
            Publishing to 1,000 destinations uses no more connections than for one, and at most 64 MiB more memory.
            """,
            why: "A program with a topic for each customer would run out of connections, and its server with it.",
            .queue, .stream, .pubSub, body: aThousandDestinations),
        Scenario(
            42,
            """
            A consumer that stops receiving costs at most its window in bytes + 32 MiB while 100,000 messages of 1 KiB \
            wait, or 200 of 1 MiB.
            """,
            why: "A handler that hangs over night would have the process killed for its memory in the morning.",
            .queue, .stream, .pubSub, needs: [.processUse], body: StoppedConsumer.costsItsWindow),
        Scenario(
            71, "Creating a broker opens no socket and starts no thread.",
            why: "Whoever only reads a configuration, or checks it, would talk to servers without having asked for it.",
            .queue, .stream, .pubSub, needs: [.processUse], body: creatingOpensNothing),
        Scenario(
            78,
            """
            200 open/close cycles leave no thread, descriptor, connection, temporary queue, group or memory behind.
            """,
            why: "A program that opens a broker for each job would work for a day, and then neither it nor its server.",
            .queue, .stream, .pubSub, body: OpenCloseCycles.leaveNothing),
    ]

    static func aThousandDestinations(_ context: ScenarioContext) async throws {
        let peer = try await context.peer()
        let first = try await context.place(by: peer)
        try await peer.publish(context.message(), to: first)
        let before = try await context.inventory(for: "connections")?["connections"]
        var last = first
        try await context.requireMemory("publishing to 1,000 destinations", within: 64 << 20) {
            guard let bytes = ProcessUse.residentBytes() else {
                last = try await published(context, peer, to: 1000)
                return nil
            }
            last = try await published(context, peer, to: 1000)
            return ProcessUse.residentBytes().map { $0 - bytes }
        }
        let after = try await context.inventory(for: "connections")?["connections"]
        if let before, let after {
            try context.require(
                after <= before,
                "publishing to 1,000 destinations took \(after) connections; for one there were \(before)")
        }
        let member = try await peer.subscribe(last)
        if context.kind == .pubSub { try await peer.publish(context.message("heard"), to: last) }
        let deliveries = try await member.take(1)
        try await member.accept(deliveries)
    }

    /// Publishes a message to each of so many new destinations; the last of them.
    private static func published(_ context: ScenarioContext, _ peer: Peer, to count: Int) async throws -> Place {
        let places = (0..<count).map { _ in context.nowhere() }
        if context.kind != .pubSub {
            for start in stride(from: 0, to: count, by: 100) {
                try await peer.declare(
                    places[start..<min(start + 100, count)].map { place in
                        var declaration = DestinationDeclaration(place.destination)
                        if let group = place.group { declaration.groups[group] = .init() }
                        return declaration
                    })
            }
        }
        for place in places { try await peer.publish(context.message(), to: place) }
        guard let last = places.last else { throw ScenarioFailure("there was no destination to publish to") }
        return last
    }

    /// What is new is counted, not how many there are: others in this process open and close as well. Each broker that
    /// opens anything adds one at least, in every try; half of that may be somebody else's.
    static func creatingOpensNothing(_ context: ScenarioContext) async throws {
        let (count, harness) = (40, context.harness)
        let tolerated = count / 2
        var (opened, started) = (Int.max, Int.max)
        for _ in 0..<3 where opened >= tolerated || started >= tolerated {
            guard let descriptors = ProcessUse.descriptors(), let threads = ProcessUse.threads() else { return }
            var brokers: [any MessageBroker] = []
            for _ in 0..<count {
                brokers.append(
                    try await context.time.bounded("creating a broker", within: context.patience) {
                        try await harness.launch().broker
                    })
            }
            opened = min(opened, ProcessUse.descriptors()?.subtracting(descriptors).count ?? 0)
            started = min(started, ProcessUse.threads()?.subtracting(threads).count ?? 0)
            for broker in brokers { await broker.close(within: .seconds(1)) }
        }
        try context.require(opened < tolerated, "creating \(count) brokers opened \(opened) descriptors")
        try context.require(started < tolerated, "creating \(count) brokers started \(started) threads")
    }
}
