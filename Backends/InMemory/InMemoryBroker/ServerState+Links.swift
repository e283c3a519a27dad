import Messaging

extension ServerState {
    /// How the server's process is.
    enum Phase: Sendable { case running, frozen, down }

    /// What the frames of a connection go through.
    enum Link: Sendable { case open, blackHoled, refused }

    /// A frame that is cut in the middle: the next that the client sends, or that the server does.
    enum Tear: Sendable { case sending, receiving }

    /// A connection that gets no answers, and the silence that it is in.
    struct Silent: Sendable {
        let connection: Int
        let silence: UInt64
    }

    /// Whether calls of a connection reach the server, and its answers the client.
    func isReachable(_ connection: Int) -> Bool {
        isSmooth || phase == .running && connections[connection].link == .open && !connections[connection].isLost
    }

    /// Whether a call of a connection gets no answer, and nobody knows yet that none will come.
    func isStuck(_ connection: Int) -> Bool {
        connections[connection].status == .up && !connections[connection].isLost && isSilent(connection)
    }

    /// Whether what a connection sends is not answered.
    func isSilent(_ connection: Int) -> Bool {
        phase == .frozen || phase == .running && connections[connection].link == .blackHoled
    }

    /// Holds the server; the connections that get no answers from now on.
    mutating func freeze() -> [Silent] {
        guard phase == .running else { return [] }
        phase = .frozen
        closeIntakes()
        defer { review() }
        return connections.indices.compactMap { fallSilent($0) }
    }

    /// Lets the server go on.
    mutating func thaw(_ effects: inout Effects) {
        guard phase == .frozen else { return }
        phase = .running
        comeUp(Array(connections.indices), &effects)
    }

    /// Changes what the frames of a connection go through; how often that has been done.
    mutating func disturb(
        _ connection: Int, _ link: Link, tear: Tear? = nil, cuts: Bool = false, _ effects: inout Effects
    ) -> Int {
        connections[connection].link = link
        connections[connection].tear = tear
        connections[connection].disturbances += 1
        if cuts {
            lose(connection, because: BrokerError(.notConnected, "the connection was cut"), &effects)
        } else if link == .open {
            comeUp([connection], &effects)
        } else {
            stopIdling(connection)
        }
        review()
        return connections[connection].disturbances
    }

    /// A connection gets no answers from now on; nil where that makes no difference.
    mutating func fallSilent(_ connection: Int) -> Silent? {
        guard isStuck(connection) else { return nil }
        lastSilence += 1
        connections[connection].silence = lastSilence
        return Silent(connection: connection, silence: lastSilence)
    }

    /// A connection that is still in the same silence is lost.
    mutating func notice(_ silent: Silent, _ effects: inout Effects) {
        guard isStuck(silent.connection), connections[silent.connection].silence == silent.silence else { return }
        let sentence = "nothing was heard from the in-memory server for one and a half heartbeats"
        let error = BrokerError(.notConnected, sentence)
        lose(silent.connection, because: error, &effects)
        review()
    }

    /// A connection is gone: what its consumers hold goes back, counted, and they are nobody's members until it is back.
    mutating func lose(_ connection: Int, because error: BrokerError, _ effects: inout Effects) {
        guard connections[connection].status == .up, !connections[connection].isLost else { return }
        connections[connection].isLost = true
        connections[connection].losses += 1
        connections[connection].tear = nil
        stopIdling(connection)
        for (id, consumer) in consumers.enumerated() where consumer.broker == connection && !consumer.isVacant {
            for cell in consumer.heldCells { giveBack(id, cell, counting: 1, &effects) }
            consumers[id].mailbox?.lose()
            consumers[id].inboxes = []
            for inbox in consumer.inboxes {
                inboxes[inbox].members.removeAll { $0 == id }
                wakeConsumers(of: inbox, atMost: .max, &effects)
            }
        }
        effects.report(.down(error), to: connections[connection].report)
        wakeWaiting(&effects)
        review()
    }

    /// Lets connections go on that can: those that were lost declare again and their consumers receive again.
    mutating func comeUp(_ list: [Int], _ effects: inout Effects) {
        guard phase == .running else { return }
        let able = list.filter { connections[$0].status == .up && connections[$0].link == .open }
        let lost = able.filter { connections[$0].isLost }
        for connection in lost {
            connections[connection].isLost = false
            for declaration in connections[connection].declared.values { _ = declare([declaration], &effects) }
            effects.report(.up, to: connections[connection].report)
        }
        for (id, consumer) in consumers.enumerated() where able.contains(consumer.broker) {
            if lost.contains(consumer.broker) { resume(id, &effects) }
            if let waiter = takeWaiter(of: id) { effects.wake(waiter) }
        }
        lookLater(&effects)
        review()
        wakeWaiting(&effects)
        for inbox in inboxes.indices { wakePublishers(of: inbox, &effects) }
        for stream in streams.indices {
            for waiter in streams[stream].readers + streams[stream].publishers { effects.wake(waiter) }
            streams[stream].readers = []
            streams[stream].publishers = []
        }
    }

    /// A consumer finds its destinations again, which may have been made anew, and ends when the one that it named is gone.
    private mutating func resume(_ id: Int, _ effects: inout Effects) {
        let consumer = consumers[id]
        guard consumer.isLive || consumer.isStopped else { return }
        if consumer.mailbox != nil {
            // Nobody knows what was published meanwhile; what it had not taken is part of that.
            _ = consumers[id].mailbox?.takeUnreported()
            let label = consumer.subscription.label
            return effects.report(.gap(subscription: label, missed: nil), to: connections[consumer.broker].report)
        }
        guard case .success(let found) = inboxes(of: consumer.subscription) else {
            let sentence = "\(consumer.subscription.label) is gone"
            return end(id, because: .ended(.deleted, sentence), &effects)
        }
        for inbox in found where !consumer.inboxes.contains(inbox) {
            consumers[id].inboxes.append(inbox)
            inboxes[inbox].members.append(id)
        }
        consumers[id].ends = consumer.ends.filter { found.contains($0.key) }
    }

    /// Whoever waits in a receive of a connection waits on, but for its coming back: a message would wake it for nothing.
    private mutating func stopIdling(_ connection: Int) {
        for (id, consumer) in consumers.enumerated() where consumer.broker == connection && consumer.isIdle {
            for inbox in consumer.inboxes { inboxes[inbox].idle -= 1 }
            consumers[id].isIdle = false
        }
    }

    private mutating func wakeWaiting(_ effects: inout Effects) {
        for waiter in waitingForServer { effects.wake(waiter) }
        waitingForServer = []
    }

    /// Looks again whether there is anything to look at.
    mutating func review() {
        isSmooth =
            phase == .running
            && connections.allSatisfy { $0.status != .up || $0.link == .open && $0.tear == nil && !$0.isLost }
    }

    /// Connections that come up by themselves, and for which that is not arranged yet.
    mutating func takeReconnecting() -> [Int] {
        if phase != .running { return [] }
        let lost = connections.indices.filter {
            let connection = connections[$0]
            return connection.status == .up && connection.isLost && connection.link == .open
                && !connection.isReconnecting
        }
        for connection in lost { connections[connection].isReconnecting = true }
        return lost
    }
}
