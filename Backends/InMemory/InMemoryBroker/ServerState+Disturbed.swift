import Messaging

/// What calls of a connection meet that is not what it should be.
extension ServerState {
    /// What a publish does next whose connection is not what it should be; nil: nothing else than any other.
    mutating func publishDisturbed(
        _ batch: inout Batch, from connection: Int, _ waiter: Waiter<Void>?, _ effects: inout Effects
    ) -> Step? {
        let losses = connections[connection].losses
        if let before = batch.sentAfterLosses, before != losses || connections[connection].status != .up {
            batch.doubtRest(BrokerError(.notConnected, "the connection was lost before the answer came"))
            return .done
        }
        if isStuck(connection) {
            batch.sentAfterLosses = losses
            if let waiter { waitingForServer.append(waiter) }
            return .blocked(Block(place: nil, error: BrokerError(.timeout, "the in-memory server did not answer")))
        }
        batch.sentAfterLosses = nil
        guard isReachable(connection), connections[connection].tear == .sending else { return nil }
        lose(connection, because: Self.torn, &effects)
        batch.doubtRest(Self.torn)
        return .done
    }

    /// Loses the connection, where what the server sends next is to be cut in the middle.
    mutating func tearAnswer(to batch: inout Batch, from connection: Int, _ effects: inout Effects) {
        guard connections[connection].tear == .receiving else { return }
        lose(connection, because: Self.torn, &effects)
        batch.doubtConfirmed(Self.torn)
    }

    /// Whether a settlement reaches the server. What is sent last before a cut does not.
    mutating func settlementArrives(of id: Int, _ effects: inout Effects) -> Bool {
        let connection = consumers[id].broker
        guard isReachable(connection) else { return false }
        if connections[connection].tear != .sending { return true }
        lose(connection, because: Self.torn, &effects)
        return false
    }

    /// Whether these deliveries were cut in the middle: nobody has got them.
    mutating func tearsDeliveries(_ deliveries: [Delivery], of id: Int, _ effects: inout Effects) -> Bool {
        let connection = consumers[id].broker
        guard connections[connection].tear == .receiving else { return false }
        if consumers[id].mailbox == nil {
            for delivery in deliveries { giveBack(id, delivery.receipt.slot, counting: 0, &effects) }
        }
        lose(connection, because: Self.torn, &effects)
        return true
    }

    static let torn = BrokerError(.notConnected, "the connection was cut in the middle of a frame")
}
