import Messaging

/// The link of this connection to the server, disturbed at will. Each call ends what was before it.
extension InMemoryBroker {
    /// Cuts the connection: it reports `down`, what its consumers hold comes again as a lost hold, and it comes up again by
    /// itself.
    public func cut() { disturb(.open, cuts: true) }

    /// The next publish or settlement is cut in the middle, and the connection with it: the server never sees it, and what
    /// became of a publish is unknown.
    public func cutWhileSending() { disturb(.open, tear: .sending) }

    /// The next answer to a publish, or what is delivered next, is cut in the middle, and the connection with it: what was
    /// published is there though it is unknown, what was delivered comes again.
    public func cutWhileReceiving() { disturb(.open, tear: .receiving) }

    /// Nothing comes through, either way: every call waits. After one and a half heartbeats the connection is lost.
    public func blackHole() { disturb(.blackHoled) }

    /// Cuts the connection, and lets none come up.
    public func refuse() { disturb(.refused, cuts: true) }

    /// Lets everything through again: what waited is answered, and a connection that was lost comes up.
    public func restore() { disturb(.open) }

    private func disturb(_ link: ServerState.Link, tear: ServerState.Tear? = nil, cuts: Bool = false) {
        let (number, silent) = server.change { state, effects in
            let number = state.disturb(connection, link, tear: tear, cuts: cuts, &effects)
            return (number, link == .blackHoled ? state.fallSilent(connection) : nil)
        }
        // The way past the server is not to be used again before it is asked.
        doors.withLock { $0.close(before: number) }
        if let silent { server.noticeLater([silent]) }
    }
}
