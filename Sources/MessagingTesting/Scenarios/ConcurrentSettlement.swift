import Messaging

/// Settlements of many tasks at once.
enum ConcurrentSettlement {
    static let all: [Scenario] = [
        Scenario(
            10, "Settlements of many tasks at once, out of order, all hold.",
            why: "Programs with many workers would lose settlements, and handle messages again that were done.",
            .queue, .stream, body: allHold)
    ]

    /// Each of 60 deliveries is settled by a task of its own, all at once: two of three accepted, one released.
    static func allHold(_ context: ScenarioContext) async throws {
        let peer = try await context.peer()
        let place = try await context.place(by: peer)
        try await peer.publish(context.messages(60), to: place)
        let member = try await peer.subscribe(place, window: 60)
        let deliveries = try await member.take(60)
        try await withThrowingTaskGroup(of: Void.self) { group in
            // Neither in the order of arrival nor against it.
            for step in 0..<60 {
                let index = step * 23 % 60
                let delivery = deliveries[index]
                group.addTask { try await member.settled(delivery, index % 3 == 0 ? .release : .accept) }
            }
            try await group.waitForAll()
        }
        try await member.cancel()
        let released = deliveries.indices.filter { $0 % 3 == 0 }.map { deliveries[$0].message.id }
        let back = try await context.nothingComesBack(
            from: place, but: released, because: "one of many tasks accepted it")
        try context.requireExactly(back, released, "what was released by many tasks at once")
    }
}
