import Messaging

/// Depth, purge and delete of the in-memory broker.
struct InMemoryTopology: TopologyAdministration {
    let broker: InMemoryBroker

    func depth(of destination: Destination, group: GroupName?) async throws(BrokerError) -> DestinationDepth {
        try await broker.server.answers(broker.connection)
        let depth: Result<DestinationDepth, BrokerError> = broker.server.state.withLock { state in
            if let problem = state.problem(with: broker.connection) { return .failure(problem) }
            return state.depth(of: destination, group: group)
        }
        var answer = try depth.get()
        if destination.kind != .pubSub, !broker.capabilities.can(.heldCount, on: destination.kind) { answer.held = nil }
        return answer
    }

    func purge(_ destination: Destination) async throws(BrokerError) -> Int {
        try await broker.server.answers(broker.connection)
        let count: Result<Int, BrokerError> = broker.server.change { state, effects in
            if let problem = state.problem(with: broker.connection) { return .failure(problem) }
            guard case .queue(let inbox) = state.places[destination] else {
                return .failure(BrokerError(.noSuchDestination, "\(destination) is not a queue that exists"))
            }
            state.inboxes[inbox].closeIntake()
            let count = state.inboxes[inbox].purge()
            state.wakePublishers(of: inbox, &effects)
            if state.inboxes[inbox].canEnd { state.wakeThoseAtTheirEnd(inbox, &effects) }
            return .success(count)
        }
        return try count.get()
    }

    func delete(_ destination: Destination) async throws(BrokerError) {
        try await broker.server.answers(broker.connection)
        let problem: BrokerError? = broker.server.change { state, effects in
            if let problem = state.problem(with: broker.connection) { return problem }
            state.connections[broker.connection].declared[destination] = nil
            return state.delete(destination, &effects)
        }
        if let problem { throw problem }
    }
}

extension ServerState {
    mutating func depth(of destination: Destination, group: GroupName?) -> Result<DestinationDepth, BrokerError> {
        if destination.kind == .pubSub {
            let count = subscribers.count { consumers[$0].isLive && consumers[$0].hears(destination.topic) }
            return .success(DestinationDepth(waiting: 0, held: 0, consumers: count))
        }
        let inbox: Int?
        switch places[destination] {
        case .queue(let found): inbox = found
        case .stream(let stream):
            guard let group else {
                return .failure(BrokerError(.invalidArgument, "each group of \(destination) has a depth; name one"))
            }
            inbox = streams[stream].groups[group]
        case nil: return .failure(BrokerError(.noSuchDestination, "\(destination) does not exist; declare it"))
        }
        guard let inbox else {
            let name = group?.name ?? ""
            return .failure(
                BrokerError(.noSuchDestination, "group \(name) of \(destination) does not exist; declare it"))
        }
        inboxes[inbox].closeIntake()
        let box = inboxes[inbox]
        let live = box.members.count { if case .live = consumers[$0].status { true } else { false } }
        let log = log(of: inbox)
        return .success(
            DestinationDepth(
                waiting: box.waiting(in: log), held: box.held, consumers: live, oldest: log.flatMap(box.oldest)))
    }

    func health(of connection: Int) -> BrokerHealth {
        let mine = consumers.filter { $0.broker == connection && !$0.isVacant }
        let live = mine.count { if case .live = $0.status { true } else { false } }
        let subscriptions = mine.map { consumer in
            BrokerHealth.SubscriptionHealth(
                label: consumer.subscription.label,
                filtered: consumer.inboxes.reduce(0) { $0 + (inboxes[$1].filtered) },
                expired: consumer.inboxes.reduce(consumer.mailbox?.expired ?? 0) { $0 + (inboxes[$1].expired) },
                gaps: consumer.mailbox?.missed ?? 0)
        }
        guard let problem = problem(with: connection) else {
            let ended = mine.contains {
                if case .ended(let error) = $0.status { error.endReason == .deleted } else { false }
            }
            return BrokerHealth(
                ended ? .degraded : .connected, consumers: live, subscriptions: subscriptions,
                reason: ended ? "a subscription has ended" : nil)
        }
        let isClosed = connections[connection].status == .closed
        return BrokerHealth(
            isClosed ? .closed : .disconnected, consumers: isClosed ? 0 : live, subscriptions: subscriptions,
            reason: problem.sentence)
    }

    /// The end of a connection: its consumers' deliveries go back, counted where its process was killed.
    mutating func disconnect(_ connection: Int, counting runs: Int32, _ effects: inout Effects) {
        connections[connection].status = .closed
        let error = BrokerError.ended(.closed, "the broker was closed")
        for (id, consumer) in consumers.enumerated() where consumer.broker == connection && !consumer.isVacant {
            cancel(id, counting: runs, because: error, &effects)
        }
        for waiter in waitingForServer { effects.wake(waiter) }
        waitingForServer = []
        for inbox in inboxes.indices { wakePublishers(of: inbox, &effects) }
        for stream in streams.indices {
            wakePublishers(ofStream: stream, &effects)
            for reader in streams[stream].readers { effects.wake(reader) }
            streams[stream].readers = []
        }
        review()
    }
}
