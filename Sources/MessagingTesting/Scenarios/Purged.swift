import Messaging

/// Scenario 98: a queue with three that are held, three that wait and, where it can, one that waits for its time.
enum Purged {
    static func keepsWhatIsHeld(_ context: ScenarioContext) async throws {
        let (peer, other) = (try await context.peer(), try await context.peer())
        let place = try await context.place(by: peer, delays: .seconds(3600))
        guard let topology = other.broker.topology else {
            throw ScenarioFailure("the broker has no power over its topology, so a queue cannot be purged")
        }
        let messages = context.messages(6)
        try await peer.publish(messages, to: place)
        let member = try await peer.subscribe(place, window: 3)
        let held = try await member.take(3)
        try await member.stop()
        var expected = 3
        if context.can(.delay) {
            var delayed = context.message("delayed")
            delayed.notBefore = context.time.now + .seconds(3600)
            try await peer.publish(delayed, to: place)
            expected += 1
        }
        let destination = place.destination
        let least = context.can(.delayCount) ? expected : 3
        let removed = try await context.time.bounded("purge of \(place)", within: context.patience) {
            try await topology.purge(destination)
        }
        try context.require(
            removed == expected || removed == least, "purge said that it removed \(removed), not \(expected)")
        let depth = try await topology.depth(of: destination, group: nil)
        let isHeld = depth.held.map { $0 == 3 } ?? !context.can(.heldCount)
        let count = depth.held.map(String.init) ?? "nobody knows how many"
        try context.require(
            depth.waiting == 0 && isHeld, "after a purge \(depth.waiting) wait and \(count) are held, not 0 and 3")
        for delivery in held {
            try context.require(member.holds(delivery), "purge took away what was held", about: [delivery.message.id])
        }
        try await member.settled(held[0], .accept)
        try await member.settled(held[1], .release)
        try await member.cancel()
        let kept = held.dropFirst().map(\.message.id)
        let back = try await context.nothingComesBack(
            from: place, but: kept, because: "it waited when the queue was purged, or was accepted after that")
        try context.requireExactly(back, kept, "what was held during a purge, and then given back")
    }
}
