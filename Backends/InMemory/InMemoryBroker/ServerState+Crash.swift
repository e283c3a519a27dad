import Messaging

extension ServerState {
    /// The server's process ends: connections, holds, pubSub, transient messages, destinations declared non-durable and
    /// acceptances younger than the settle lag are gone; every other confirmed message, position and attempt stays.
    mutating func kill(at uptime: Duration, _ effects: inout Effects) {
        guard isRunning else { return }
        closeIntakes()
        for (id, consumer) in consumers.enumerated() {
            for cell in consumer.heldCells { giveBack(id, cell, counting: 1, &effects) }
            consumers[id].mailbox?.lose()
        }
        isRunning = false
        undoAcceptances(at: uptime)
        for (destination, place) in places where !declaration(at: place).durable {
            for inbox in inboxes(at: place) {
                for member in inboxes[inbox].members { detach(member, from: inbox) }
            }
            _ = delete(destination, &effects)
        }
        for inbox in inboxes.indices { inboxes[inbox].dropTransient() }
        for stream in streams.indices { streams[stream].loseTransient() }
        let error = BrokerError(.notConnected, "the in-memory server was killed")
        for connection in connections {
            guard case .up = connection.status else { continue }
            effects.report(.down(error), to: connection.report)
        }
    }

    /// The server is back, with what survived: connections come up, declare what they had declared, and their consumers
    /// receive again.
    mutating func start(_ effects: inout Effects) {
        guard !isRunning else { return }
        isRunning = true
        for connection in connections {
            guard case .up = connection.status else { continue }
            for declaration in connection.declared.values { _ = declare([declaration], &effects) }
            effects.report(.up, to: connection.report)
        }
        for waiter in waitingForServer { effects.wake(waiter) }
        waitingForServer = []
        for id in consumers.indices { resume(id, &effects) }
        for inbox in inboxes.indices { wakePublishers(of: inbox, &effects) }
        for stream in streams.indices {
            for waiter in streams[stream].readers + streams[stream].publishers { effects.wake(waiter) }
            streams[stream].readers = []
            streams[stream].publishers = []
        }
    }

    /// A consumer finds its destination again, which may have been made anew, and ends when it is gone.
    private mutating func resume(_ id: Int, _ effects: inout Effects) {
        let consumer = consumers[id]
        guard consumer.isLive || consumer.isStopped else { return }
        if consumer.mailbox != nil {
            let label = consumer.subscription.label
            effects.report(.gap(subscription: label, missed: nil), to: connections[consumer.broker].report)
        } else if case .destination(let destination) = consumer.subscription.source {
            let found = places[destination].map { inbox(of: consumer, at: $0) } ?? nil
            guard let found else {
                return end(id, because: .ended(.deleted, "\(destination) did not survive the server"), &effects)
            }
            if !consumer.inboxes.contains(found) {
                if consumer.isIdle { inboxes[found].idle += 1 }
                consumers[id].inboxes = [found]
                inboxes[found].members.append(id)
            }
        }
        if let waiter = takeWaiter(of: id) { effects.wake(waiter) }
    }

    private func inbox(of consumer: ConsumerState, at place: Place) -> Int? {
        switch place {
        case .queue(let inbox): inbox
        case .stream(let stream): consumer.subscription.group.flatMap { streams[stream].groups[$0] }
        }
    }

    private mutating func undoAcceptances(at uptime: Duration) {
        while let acceptance = undo.popFirst() {
            guard uptime - acceptance.acceptedAt < settleLag else { continue }
            inboxes[acceptance.inbox].restore(acceptance.message, acceptance.mark, counting: 1)
            inboxes[acceptance.inbox].comesBack(acceptance.mark.order)
        }
    }

    private func inboxes(at place: Place) -> [Int] {
        switch place {
        case .queue(let inbox): [inbox]
        case .stream(let stream): Array((streams[stream].groups).values)
        }
    }
}
