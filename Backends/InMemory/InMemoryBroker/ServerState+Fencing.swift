import Messaging

extension ServerState {
    /// Which inboxes that keep order a consumer has held a delivery of for too long, while another stands by.
    func placesLost(by id: Int, at uptime: Duration) -> Set<Int> {
        let consumer = consumers[id]
        guard consumer.isLive, connections[consumer.broker].capabilities.can(.fencing, on: consumer.subscription.kind)
        else { return [] }
        let limit = consumer.subscription.maxHold
        return Set(
            consumer.heldCells.compactMap { cell in
                let hold = consumer.holds[Int(cell)]
                guard hold.since + limit <= uptime, inboxes[hold.inbox].isOrdered else { return nil }
                let others = inboxes[hold.inbox].members.filter { $0 != id }
                return others.contains { consumers[$0].isLive } ? hold.inbox : nil
            })
    }

    /// The place of a consumer goes to the next that stands by; it is the last of them from now on, and is told.
    mutating func passOn(_ inbox: Int, from id: Int, _ effects: inout Effects) {
        inboxes[inbox].members.removeAll { $0 == id }
        inboxes[inbox].members.append(id)
        let consumer = consumers[id]
        effects.report(
            .revoked(subscription: consumer.subscription.label, lanes: [0]), to: connections[consumer.broker].report)
    }
}
