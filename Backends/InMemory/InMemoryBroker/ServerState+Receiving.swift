import Messaging

extension ServerState {
    /// What a receive finds.
    enum Found: Sendable {
        case deliveries([Delivery])
        /// Nothing now: wait, at most until this moment, when a delayed message is due.
        case nothing(until: Timestamp?)
        case ended(BrokerError)
    }

    /// Hands out what is there, or registers `waiter` for when there is.
    mutating func receive(
        _ id: Int, upTo limit: Int, waiter: Waiter<Void>?, uptime: Duration, now: () -> Timestamp,
        _ effects: inout Effects
    ) -> Found {
        switch consumers[id].status {
        case .live: break
        case .ended(let error): return .ended(error)
        case .stopped: return .ended(.ended(.stopped, "this consumer was stopped"))
        case .vacant: return .ended(.ended(.closed, "this consumer is gone"))
        }
        while isSmooth || isReachable(consumers[id].broker) {
            if let error = endReached(by: id, &effects) { return .ended(error) }
            var isShort = false
            let deliveries = take(id, upTo: limit, uptime: uptime, now: now, isShort: &isShort, &effects)
            if !deliveries.isEmpty {
                if isSmooth || !tearsDeliveries(deliveries, of: id, &effects) { return .deliveries(deliveries) }
                continue
            }
            if let error = endReached(by: id, &effects) { return .ended(error) }
            guard let waiter else { return .nothing(until: nil) }
            if isShort || !consumers[id].hasRoom {
                waitForRoom(id, waiter, &effects)
                return .nothing(until: nil)
            }
            let came = consumers[id].inboxes.reduce(0) { $0 + inboxes[$1].awaitArrival() }
            if came == 0 { return .nothing(until: waitForMessage(id, waiter)) }
        }
        // Nothing can be taken; whatever changes that wakes everybody.
        if let waiter { consumers[id].waiter = waiter }
        return .nothing(until: nil)
    }

    /// What there is for a consumer. `isShort`: its window is too small for what comes next.
    private mutating func take(
        _ id: Int, upTo limit: Int, uptime: Duration, now: () -> Timestamp, isShort: inout Bool,
        _ effects: inout Effects
    ) -> [Delivery] {
        var deliveries: [Delivery] = []
        if consumers[id].isMailbox {
            takeMail(id, upTo: limit, now: now, into: &deliveries, &effects)
            return deliveries
        }
        for _ in consumers[id].inboxes.indices where deliveries.count < limit {
            let inbox = consumers[id].nextInbox()
            guard isTurn(of: id, at: inbox) else { continue }
            if !hasBindings { lookAtIntake(of: inbox, upTo: limit) }
            let log = inboxes[inbox].stream == nil ? nil : log(of: inbox)
            let passed = inboxes[inbox].passed
            let isOpen = Self.handOut(
                &inboxes[inbox], at: inbox, log, to: &consumers[id], upTo: limit, uptime: uptime, now: now,
                lastHold: &lastHold, into: &deliveries)
            if !isOpen { isShort = true }
            if inboxes[inbox].passed != passed { announcePassed(inbox, &effects) }
            if !inboxes[inbox].leaving.isEmpty {
                let moment = now()
                sendOff(from: inbox, at: Moment(uptime: uptime) { moment }, &effects)
                lookLater(at: inbox, &effects)
            }
        }
        return deliveries
    }

    /// Takes over what has come in where there is too little. Whoever receives many tells publishers of the room meanwhile,
    /// so that they need not come to the server for it.
    private mutating func lookAtIntake(of inbox: Int, upTo limit: Int) {
        if inboxes[inbox].readyCount < limit {
            inboxes[inbox].openIntake(receiving: true)
        } else if limit >= 16 {
            inboxes[inbox].widenIntake()
        }
    }

    /// Its window is too small for what comes next, so it waits for room, and another may take that.
    private mutating func waitForRoom(_ id: Int, _ waiter: Waiter<Void>, _ effects: inout Effects) {
        consumers[id].waiter = waiter
        for inbox in consumers[id].inboxes where inboxes[inbox].hasReady(log(of: inbox)) {
            wakeConsumers(of: inbox, atMost: 1, &effects)
        }
    }

    /// When the first delayed message is due that it may take.
    private mutating func waitForMessage(_ id: Int, _ waiter: Waiter<Void>) -> Timestamp? {
        consumers[id].waiter = waiter
        if !consumers[id].isIdle {
            consumers[id].isIdle = true
            for inbox in consumers[id].inboxes { inboxes[inbox].idle += 1 }
        }
        return consumers[id].inboxes.compactMap { inboxes[$0].nextDue }.min()
    }

    /// Expired or filtered messages are gone: there may be room, and an end may be reached.
    mutating func announcePassed(_ inbox: Int, _ effects: inout Effects) {
        wakePublishers(of: inbox, &effects)
        if inboxes[inbox].canEnd { wakeThoseAtTheirEnd(inbox, &effects) }
    }

    /// A receive that waits no longer: what it might have been woken for goes to another.
    mutating func stopWaiting(_ id: Int, _ waiter: Waiter<Void>, _ effects: inout Effects) {
        consumers[id].trim()
        if consumers[id].waiter === waiter {
            _ = takeWaiter(of: id)
        } else {
            for inbox in consumers[id].inboxes where inboxes[inbox].hasReady(log(of: inbox)) {
                wakeConsumers(of: inbox, atMost: 1, &effects)
            }
        }
    }

    /// Moves messages from an inbox into the hands of a consumer, as far as the window goes; false when the next one is
    /// too large for what is left of it.
    private static func handOut(
        _ inbox: inout Inbox, at index: Int, _ log: StreamLog?, to consumer: inout ConsumerState, upTo limit: Int,
        uptime: Duration, now: () -> Timestamp, lastHold: inout UInt64, into deliveries: inout [Delivery]
    ) -> Bool {
        let topic = consumer.isPattern ? inbox.declaration.destination.topic : nil
        while deliveries.count < limit, consumer.hasRoom, let (message, mark) = inbox.next(from: log, at: now) {
            guard consumer.hasRoom(for: Int(mark.size)) else {
                inbox.restore(message, mark, counting: 0)
                return false
            }
            if deliveries.isEmpty {
                deliveries.reserveCapacity(min(limit, inbox.waiting(in: log) &+ 1, consumer.cells.count))
            }
            lastHold &+= 1
            inbox.hold(mark)
            let receipt = consumer.hold(message, .init(number: lastHold, inbox: index, mark: mark, since: uptime))
            deliveries.append(
                Delivery(
                    message: consume message, attempt: mark.attempt, receipt: receipt,
                    position: inbox.stream == nil ? .none : Position(major: mark.order), topic: topic))
        }
        return true
    }

    /// Whether a consumer may receive from an inbox: one that keeps order has a single active one.
    private func isTurn(of id: Int, at inbox: Int) -> Bool {
        !inboxes[inbox].isOrdered || activeMember(of: inbox) == id
    }

    private mutating func takeMail(
        _ id: Int, upTo limit: Int, now: () -> Timestamp, into deliveries: inout [Delivery], _ effects: inout Effects
    ) {
        let isPattern = consumers[id].isPattern
        while deliveries.count < limit, let letter = consumers[id].mailbox?.popFirst() {
            if letter.message.isTimed, let expiration = letter.message.expiration, expiration <= now() {
                consumers[id].mailbox?.expired += 1
                continue
            }
            lastHold &+= 1
            deliveries.append(
                Delivery(
                    message: letter.message, receipt: Receipt(sequence: lastHold),
                    topic: isPattern ? letter.topic : nil))
        }
        if let missed = consumers[id].mailbox?.takeUnreported() {
            let label = consumers[id].subscription.label
            effects.report(.gap(subscription: label, missed: missed), to: connections[consumers[id].broker].report)
        }
    }

    /// The end of a consumer whose group, or queue, has settled everything up to where it was to end; nil: not yet. What it holds
    /// from beyond there stays held until it is settled, or the consumer leaves.
    private mutating func endReached(by id: Int, _ effects: inout Effects) -> BrokerError? {
        guard consumers[id].subscription.until == .end else { return nil }
        for (inbox, end) in consumers[id].ends where !inboxes[inbox].isSettled(upTo: end, for: id) { return nil }
        let error = BrokerError.ended(.reachedEnd, "\(consumers[id].subscription.label) is settled up to its end")
        consumers[id].status = .ended(error)
        // Where order is kept it is now another's turn.
        for inbox in consumers[id].inboxes { wakeConsumers(of: inbox, atMost: 1, &effects) }
        return error
    }
}
