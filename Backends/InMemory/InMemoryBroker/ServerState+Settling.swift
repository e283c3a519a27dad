import Messaging

extension ServerState {
    /// What the server needs to know of the moment to settle.
    struct Moment {
        let uptime: Duration
        let now: () -> Timestamp
    }

    /// The settlement of most deliveries.
    mutating func accept(
        _ id: Int, _ receipt: Receipt, at uptime: Duration, _ effects: inout Effects
    ) -> SettlementOutcome {
        if consumers[id].isMailbox { return consumers[id].isLive || consumers[id].isStopped ? .settled : .stale }
        guard isSmooth || settlementArrives(of: id, &effects), let inbox = finish(id, receipt, at: uptime) else {
            return .stale
        }
        announceDone(id, inbox, &effects)
        return .settled
    }

    /// Settles several. Whoever waits for one of those accepted is told once for all of them.
    mutating func settle(
        _ id: Int, _ settlements: [ReceiptSettlement], at moment: Moment, _ effects: inout Effects
    ) -> [SettlementOutcome] {
        guard isSmooth || settlementArrives(of: id, &effects) else {
            return [SettlementOutcome](repeating: .stale, count: settlements.count)
        }
        var outcomes = [SettlementOutcome](repeating: .settled, count: settlements.count)
        var unannounced: Int?
        let isMailbox = consumers[id].isMailbox
        let items = settlements.span
        for index in items.indices {
            guard case .accept = items[index].settlement, !isMailbox else {
                outcomes[index] = settle(id, items[index].receipt, as: items[index].settlement, at: moment, &effects)
                continue
            }
            guard let inbox = finish(id, items[index].receipt, at: moment.uptime) else {
                outcomes[index] = .stale
                continue
            }
            if inbox == unannounced { continue }
            if let other = unannounced { announceDone(id, other, &effects) }
            unannounced = inbox
        }
        if let inbox = unannounced { announceDone(id, inbox, &effects) }
        return outcomes
    }

    /// Settles one in any way.
    mutating func settle(
        _ id: Int, _ receipt: Receipt, as settlement: Settlement, at moment: Moment, _ effects: inout Effects
    ) -> SettlementOutcome {
        if consumers[id].isMailbox { return settleMail(id, settlement, at: moment, &effects) }
        guard isSmooth || settlementArrives(of: id, &effects), let hold = consumers[id].hold(of: receipt) else {
            return .stale
        }
        switch settlement {
        case .accept:
            break
        case .release:
            giveBack(id, receipt.slot, counting: 0, &effects)
            wakeConsumers(of: hold.inbox, atMost: 1, &effects)
            return .settled
        case .retry(let delay, _):
            return retry(id, receipt, hold, after: delay, at: moment, &effects)
        case .forward(let outgoing):
            if let error = forward(outgoing, of: consumers[id].broker, in: hold, at: moment, &effects) {
                return .failed(error)
            }
        case .discard(let reason):
            if let error = deadLetter(
                id, receipt.slot, hold, reason: reason, of: consumers[id].broker, at: moment, &effects)
            {
                return .failed(error)
            }
        }
        return accept(id, receipt, at: moment.uptime, &effects)
    }

    /// A delivery is done: its message is gone. The inbox that it was of; nil when it is not held.
    private mutating func finish(_ id: Int, _ receipt: Receipt, at uptime: Duration) -> Int? {
        if hasSettleLag { remember(id, receipt, at: uptime) }
        guard let hold = consumers[id].finish(receipt) else { return nil }
        inboxes[hold.inbox].settle(hold.mark)
        return hold.inbox
    }

    /// Whoever waited for a delivery to be done may go on.
    private mutating func announceDone(_ id: Int, _ inbox: Int, _ effects: inout Effects) {
        announceLetGo(id, inbox, &effects)
        wakePublishers(of: inbox, &effects)
        if inboxes[inbox].canEnd { wakeThoseAtTheirEnd(inbox, &effects) }
    }

    private mutating func retry(
        _ id: Int, _ receipt: Receipt, _ hold: ConsumerState.Hold, after delay: Duration, at moment: Moment,
        _ effects: inout Effects
    ) -> SettlementOutcome {
        let box = inboxes[hold.inbox]
        if box.isOrdered {
            let sentence = "\(box.label) keeps order, so a delivery cannot be put off; run it again while it is held"
            return .failed(BrokerError(.unsupported, sentence, during: .settle))
        }
        let kind = box.declaration.destination.kind
        if case .refused(let reason) = connections[consumers[id].broker].capabilities[kind, .retry] {
            return .failed(BrokerError(.unsupported, "\(box.label) needs retry: \(reason)", during: .settle))
        }
        guard let message = letGo(id, receipt.slot, hold, &effects) else { return .stale }
        inboxes[hold.inbox].delay(message, hold.mark, until: moment.now() + max(.zero, delay))
        // Each of those who wait looks at its clock again: whichever still waits then is woken when the time has come.
        wakeConsumers(of: hold.inbox, atMost: .max, &effects)
        announceTimed(hold, &effects)
        return .settled
    }

    /// The hold ends; the consumer may have room again, and an ordered inbox another active consumer.
    mutating func letGo(
        _ id: Int, _ cell: UInt32, _ hold: ConsumerState.Hold, _ effects: inout Effects
    ) -> Message? {
        let message = consumers[id].letGo(of: cell)
        inboxes[hold.inbox].letGo(hold.mark)
        announceLetGo(id, hold.inbox, &effects)
        return message
    }

    private mutating func announceLetGo(_ id: Int, _ inbox: Int, _ effects: inout Effects) {
        if consumers[id].waiter != nil, !consumers[id].isIdle, let waiter = takeWaiter(of: id) { effects.wake(waiter) }
        if inboxes[inbox].isOrdered { wakeConsumers(of: inbox, atMost: 1, &effects) }
    }

    /// Publishes all of it, or nothing: the sentence of why not. The place of what is held is free once this has happened,
    /// which counts where it goes to where it was.
    private mutating func forward(
        _ outgoing: [Outgoing], of broker: Int, in hold: ConsumerState.Hold? = nil, at moment: Moment,
        _ effects: inout Effects
    ) -> BrokerError? {
        if let hold { inboxes[hold.inbox].letGo(hold.mark) }
        defer { if let hold { inboxes[hold.inbox].hold(hold.mark) } }
        var sizes: [Place: (count: Int, bytes: Int)] = [:]
        for item in outgoing {
            switch target(item.destination, from: broker) {
            case .failure(let error): return error.during(.settle)
            case .success(let place):
                let refusal = refusal(
                    of: item.message, to: item.destination, at: place, from: broker, now: moment.now)
                if let refusal { return refusal.during(.settle) }
                for place in self.copies(of: item.destination, beside: place).union(place.map { [$0] } ?? []) {
                    var sum = sizes[place, default: (0, 0)]
                    sum = (sum.count + 1, sum.bytes + item.message.byteCount)
                    sizes[place] = sum
                    if makeRoom(at: place, for: sum.bytes, count: sum.count, now: moment.now) { continue }
                    let sentence = "\(item.destination), or what is bound to it, is full; the original stays"
                    return BrokerError(.resourceExhausted, sentence, during: .settle)
                }
            }
        }
        for item in outgoing {
            guard case .success(let place) = target(item.destination, from: broker) else { continue }
            _ = admit(item.message, to: item.destination, at: place, now: moment.now, &effects)
        }
        return nil
    }

    /// Sends a message that was discarded where its declaration says.
    private mutating func deadLetter(
        _ id: Int, _ cell: UInt32, _ hold: ConsumerState.Hold, reason: String, of broker: Int, at moment: Moment,
        _ effects: inout Effects
    ) -> BrokerError? {
        guard let destination = inboxes[hold.inbox].declaration.deadLetters.destination,
            let message = consumers[id].message(in: cell)
        else { return nil }
        let letter = letter(
            of: message, hold.mark, from: hold.inbox, reason, within: connections[broker].limits, at: moment)
        return forward([Outgoing(letter, to: destination)], of: broker, in: hold, at: moment, &effects)
    }

    private mutating func settleMail(
        _ id: Int, _ settlement: Settlement, at moment: Moment, _ effects: inout Effects
    ) -> SettlementOutcome {
        if case .ended = consumers[id].status { return .stale }
        guard case .forward(let outgoing) = settlement else { return .settled }
        return forward(outgoing, of: consumers[id].broker, at: moment, &effects).map { .failed($0) } ?? .settled
    }

    /// Keeps what was settled for as long as a crash may undo it.
    private mutating func remember(_ id: Int, _ receipt: Receipt, at uptime: Duration) {
        while let oldest = undo.first, uptime - oldest.acceptedAt >= settleLag { _ = undo.popFirst() }
        guard let hold = consumers[id].hold(of: receipt), let message = consumers[id].message(in: receipt.slot)
        else { return }
        undo.append(Undo(acceptedAt: uptime, inbox: hold.inbox, message: message, mark: hold.mark))
    }

    /// Consumers that are to end with what their group has settled look again.
    mutating func wakeThoseAtTheirEnd(_ inbox: Int, _ effects: inout Effects) {
        for member in inboxes[inbox].members where consumers[member].ends.isEmpty == false {
            if let waiter = takeWaiter(of: member) { effects.wake(waiter) }
        }
    }
}
