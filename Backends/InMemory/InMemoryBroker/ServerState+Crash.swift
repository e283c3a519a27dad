import Messaging

extension ServerState {
    /// The server's process ends: connections, holds, pubSub, transient messages, destinations declared non-durable and,
    /// where it had no time to write them, acceptances younger than the settle lag are gone; every other confirmed message,
    /// position and attempt stays.
    mutating func end(at uptime: Duration, undoing: Bool, _ how: String, _ effects: inout Effects) {
        guard phase != .down else { return }
        phase = .down
        closeIntakes()
        for connection in connections.indices {
            lose(connection, because: BrokerError(.notConnected, "the in-memory server was \(how)"), &effects)
        }
        if undoing { undoAcceptances(at: uptime) } else { undo.removeAll { _ in true } }
        for (destination, place) in places where !declaration(at: place).durable { _ = delete(destination, &effects) }
        for inbox in inboxes.indices { inboxes[inbox].dropTransient() }
        for stream in streams.indices { streams[stream].loseTransient() }
        review()
    }

    /// The server is back, with what survived: connections come up, declare what they had declared, and their consumers
    /// receive again.
    mutating func start(_ effects: inout Effects) {
        guard phase == .down else { return }
        phase = .running
        comeUp(Array(connections.indices), &effects)
    }

    private mutating func undoAcceptances(at uptime: Duration) {
        while let acceptance = undo.popFirst() {
            guard uptime - acceptance.acceptedAt < settleLag else { continue }
            inboxes[acceptance.inbox].restore(acceptance.message, acceptance.mark, counting: 1)
            inboxes[acceptance.inbox].comesBack(acceptance.mark.order)
        }
    }
}
