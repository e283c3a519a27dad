import Messaging

extension ServerState {
    /// Adds a consumer; its index. What it receives from must exist, pubSub aside.
    mutating func subscribe(
        _ subscription: Subscription, by broker: Int, cells: HoldCells, _ effects: inout Effects
    ) -> Result<Int, BrokerError> {
        let able = connections[broker].capabilities
        if let problem = problem(with: broker) ?? problem(in: subscription) ?? able.refusal(of: subscription)
            ?? topicProblem(in: subscription, by: broker)
        {
            return .failure(problem.during(.subscribe))
        }
        var consumer = ConsumerState(broker: broker, subscription: subscription, cells: cells)
        if subscription.kind == .pubSub {
            consumer.mailbox = Mailbox(maximumMessages: maximumMessages, maximumBytes: subscription.windowBytes)
        } else {
            let found = inboxes(of: subscription)
            switch found {
            case .failure(let error): return .failure(error.during(.subscribe))
            case .success(let inboxes): consumer.inboxes = inboxes
            }
            if subscription.until == .end {
                for inbox in consumer.inboxes { consumer.ends[inbox] = log(of: inbox)?.end ?? 0 }
            }
        }
        let id = consumers.place(consumer)
        for inbox in consumer.inboxes { inboxes[inbox].members.append(id) }
        for inbox in consumer.ends.keys { inboxes[inbox].watchEnd(for: id) }
        if consumer.mailbox != nil { subscribers.append(id) }
        return .success(id)
    }

    private func problem(in subscription: Subscription) -> BrokerError? {
        let label = subscription.label
        if subscription.window < 1 {
            return BrokerError(
                .invalidArgument, "\(label): a window of \(subscription.window) is out of range; at least 1")
        }
        if subscription.windowBytes < 1 {
            let sentence = "a window of \(subscription.windowBytes) bytes is out of range; at least 1"
            return BrokerError(.invalidArgument, "\(label): \(sentence)")
        }
        if (subscription.kind == .stream) != (subscription.group != nil) {
            let remedy =
                subscription.kind == .stream ? "a stream is read by a group; name it" : "only a stream has groups"
            return BrokerError(.invalidArgument, "\(label): \(remedy)")
        }
        if subscription.until == .end, subscription.kind == .pubSub {
            return BrokerError(.unsupported, "\(label): a live broadcast has no end; leave until out")
        }
        if case .pattern(_, .queue) = subscription.source {
            return BrokerError(
                .unsupported, "\(label): a queue is subscribed to by its name; bind it to a pattern instead")
        }
        return nil
    }

    private func topicProblem(in subscription: Subscription, by broker: Int) -> BrokerError? {
        guard case .destination(let destination) = subscription.source else { return nil }
        if forbidden.contains(destination) {
            return BrokerError(.unauthorized, "receiving from \(destination) is not permitted; permit it")
        }
        return connections[broker].limits.refusal(of: destination.topic)
    }

    /// Nobody may receive from there any more; whoever does, ends.
    mutating func forbidReceiving(from destination: Destination, _ effects: inout Effects) {
        forbidden.insert(destination)
        let error = BrokerError.ended(.unauthorized, "the permission to receive from \(destination) is gone; permit it")
        for (id, consumer) in consumers.enumerated()
        where (consumer.isLive || consumer.isStopped) && consumer.subscription.source == .destination(destination) {
            cancel(id, counting: 0, because: error, &effects)
        }
    }

    func inboxes(of subscription: Subscription) -> Result<[Int], BrokerError> {
        let missing = BrokerError(.noSuchDestination, "\(subscription.label) does not exist; declare it")
        switch subscription.source {
        case .destination(let destination):
            switch places[destination] {
            case .queue(let inbox): return .success([inbox])
            case .stream(let stream):
                let inbox = subscription.group.flatMap { streams[stream].groups[$0] }
                return inbox.map { .success([$0]) } ?? .failure(missing)
            case nil: return .failure(missing)
            }
        case .pattern(let pattern, _):
            let matching = places.filter { $0.key.kind == .stream && pattern.matches($0.key.topic) }
            return .success(
                matching.values.compactMap { place in
                    guard case .stream(let stream) = place, let group = subscription.group else { return nil }
                    return streams[stream].groups[group]
                }.sorted())
        }
    }

    /// No more deliveries; what is held stays held.
    mutating func stop(_ id: Int, _ effects: inout Effects) {
        guard case .live = consumers[id].status else { return }
        consumers[id].status = .stopped
        leaveWaiting(id, &effects)
        for inbox in consumers[id].inboxes { wakeConsumers(of: inbox, atMost: 1, &effects) }
    }

    /// Everything that is held goes back, and the consumer leaves. `runs` is 1 where its process was killed.
    mutating func cancel(_ id: Int, counting runs: Int32, because error: BrokerError, _ effects: inout Effects) {
        let consumer = consumers[id]
        for cell in consumer.heldCells { giveBack(id, cell, counting: runs, &effects) }
        if consumer.isLive || consumer.isStopped { end(id, because: error, &effects) }
        for inbox in consumer.ends.keys { inboxes[inbox].forgetEnd(of: id) }
        for inbox in consumer.inboxes where inboxes[inbox].members.contains(id) {
            inboxes[inbox].members.removeAll { $0 == id }
            wakeConsumers(of: inbox, atMost: .max, &effects)
        }
    }

    /// A consumer that gives no more; it stays in the table until its object is let go.
    mutating func end(_ id: Int, because error: BrokerError, _ effects: inout Effects) {
        leaveWaiting(id, &effects)
        consumers[id].status = .ended(error)
        consumers[id].cells.end()
        consumers[id].mailbox?.lose()
        subscribers.removeAll { $0 == id }
        let consumer = consumers[id]
        guard error.endReason != .cancelled, error.endReason != .closed else { return }
        effects.report(
            .ended(subscription: consumer.subscription.label, error), to: connections[consumer.broker].report)
    }

    /// The consumer's object is gone.
    mutating func forget(_ id: Int, _ effects: inout Effects) {
        cancel(id, counting: 0, because: .ended(.cancelled, "the consumer was let go"), &effects)
        consumers[id] = .vacant
    }

    /// One delivery goes back to where it was.
    mutating func giveBack(_ id: Int, _ cell: UInt32, counting runs: Int32, _ effects: inout Effects) {
        let hold = consumers[id].holds[Int(cell)]
        guard let message = letGo(id, cell, hold, &effects) else { return }
        inboxes[hold.inbox].restore(message, hold.mark, counting: runs)
        announceTimed(hold, &effects)
    }

    /// What waits again may have expired, or will: publishers that wait for its place look again.
    mutating func announceTimed(_ hold: ConsumerState.Hold, _ effects: inout Effects) {
        if hold.mark.isTimed { wakePublishers(of: hold.inbox, &effects) }
        lookLater(at: hold.inbox, &effects)
    }

    /// Deliveries that were held for too long go back; when to look again, nil: nothing is held any more.
    mutating func expireHolds(_ id: Int, at uptime: Duration, _ effects: inout Effects) -> Duration? {
        let consumer = consumers[id]
        guard consumer.isLive || consumer.isStopped || consumer.held > 0 else { return nil }
        let limit = consumer.subscription.maxHold
        var next = uptime + limit
        let lost = placesLost(by: id, at: uptime)
        for cell in consumer.heldCells {
            let (end, inbox) = (consumer.holds[Int(cell)].since + limit, consumer.holds[Int(cell)].inbox)
            let isOver = end <= uptime || lost.contains(inbox)
            if isOver { giveBack(id, cell, counting: 1, &effects) } else { next = min(next, end) }
        }
        for inbox in lost { passOn(inbox, from: id, &effects) }
        for inbox in consumer.inboxes { wakeConsumers(of: inbox, atMost: .max, &effects) }
        return consumers[id].held == 0 ? nil : next
    }

    private mutating func leaveWaiting(_ id: Int, _ effects: inout Effects) {
        if let waiter = takeWaiter(of: id) { effects.wake(waiter) }
    }
}
