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
        guard let consumer = consumers[id] else { return .ended(.ended(.closed, "this consumer is gone")) }
        if case .ended(let error) = consumer.status { return .ended(error) }
        if case .stopped = consumer.status { return .ended(.ended(.stopped, "this consumer was stopped")) }
        var deliveries: [Delivery] = []
        if isRunning {
            if consumer.mailbox != nil {
                takeMail(id, upTo: limit, now: now, into: &deliveries, &effects)
            } else {
                takeMessages(id, upTo: limit, uptime: uptime, now: now, into: &deliveries)
            }
            if !deliveries.isEmpty { return .deliveries(deliveries) }
            if hasReachedEnd(id) {
                let error = BrokerError.ended(.reachedEnd, "\(consumer.subscription.label) is settled up to its end")
                consumers[id]?.status = .ended(error)
                return .ended(error)
            }
        }
        guard let waiter else { return .nothing(until: nil) }
        return .nothing(until: wait(id, waiter))
    }

    private mutating func wait(_ id: Int, _ waiter: Waiter<Void>) -> Timestamp? {
        consumers[id]?.waiter = waiter
        guard let consumer = consumers[id], consumer.hasRoom else { return nil }
        consumers[id]?.isIdle = true
        for inbox in consumer.inboxes { inboxes[inbox]?.idle += 1 }
        return consumer.inboxes.compactMap { inboxes[$0]?.nextDue }.min()
    }

    /// A receive that waits no longer: what it might have been woken for goes to another.
    mutating func stopWaiting(_ id: Int, _ waiter: Waiter<Void>, _ effects: inout Effects) {
        guard let consumer = consumers[id] else { return }
        if consumer.waiter === waiter {
            consumers[id]?.waiter = nil
            if consumer.isIdle { for inbox in consumer.inboxes { inboxes[inbox]?.idle -= 1 } }
            consumers[id]?.isIdle = false
        } else {
            for inbox in consumer.inboxes where inboxes[inbox]?.hasReady(log(of: inbox)) == true {
                wakeConsumers(of: inbox, atMost: 1, &effects)
            }
        }
    }

    private mutating func takeMessages(
        _ id: Int, upTo limit: Int, uptime: Duration, now: () -> Timestamp, into deliveries: inout [Delivery]
    ) {
        guard var consumer = consumers[id] else { return }
        consumers[id] = nil
        defer { consumers[id] = consumer }
        for inbox in consumer.inboxes {
            guard var box = inboxes[inbox], isTurn(of: id, at: box) else { continue }
            inboxes[inbox] = nil
            let log = box.group.flatMap { streams[$0.stream] }
            let topic = consumer.inboxes.count > 1 || consumer.isPattern ? box.declaration.destination.topic : nil
            while deliveries.count < limit, consumer.hasRoom, let slot = box.next(from: log, at: now) {
                guard let content = box.slots[Int(slot)] else { continue }
                if deliveries.isEmpty { deliveries.reserveCapacity(min(limit, box.count)) }
                lastHold &+= 1
                let receipt = consumer.hold(
                    .init(number: lastHold, inbox: inbox, slot: slot, size: content.size, since: uptime))
                deliveries.append(
                    Delivery(
                        message: content.message, attempt: content.attempt, receipt: receipt,
                        position: box.group == nil ? .none : Position(major: content.order), topic: topic))
            }
            inboxes[inbox] = box
        }
    }

    /// Whether a consumer may receive from an inbox: one that keeps order has a single active one. (The consumer that
    /// asks is live, and taken out of the table while it does.)
    private func isTurn(of id: Int, at box: Inbox) -> Bool {
        guard box.isOrdered, let first = box.members.firstIndex(of: id) else { return true }
        return box.members[..<first].allSatisfy { !isActive($0) }
    }

    private mutating func takeMail(
        _ id: Int, upTo limit: Int, now: () -> Timestamp, into deliveries: inout [Delivery], _ effects: inout Effects
    ) {
        let isPattern = consumers[id]?.isPattern ?? false
        while deliveries.count < limit, let letter = consumers[id]?.mailbox?.popFirst() {
            if letter.message.isTimed, let expiration = letter.message.expiration, expiration <= now() {
                consumers[id]?.mailbox?.expired += 1
                continue
            }
            lastHold &+= 1
            deliveries.append(
                Delivery(
                    message: letter.message, receipt: Receipt(sequence: lastHold),
                    topic: isPattern ? letter.topic : nil))
        }
        if let missed = consumers[id]?.mailbox?.takeUnreported(), let consumer = consumers[id],
            let connection = connections[consumer.broker]
        {
            effects.report(.gap(subscription: consumer.subscription.label, missed: missed), to: connection.report)
        }
    }

    private func hasReachedEnd(_ id: Int) -> Bool {
        guard let consumer = consumers[id], !consumer.ends.isEmpty else { return false }
        return consumer.ends.allSatisfy { inbox, end in (inboxes[inbox]?.group?.low ?? .max) >= end }
    }
}

extension Inbox {
    var isOrdered: Bool { declaration.order == .perKey }
}

extension ConsumerState {
    var isPattern: Bool { if case .pattern = subscription.source { true } else { false } }
}
