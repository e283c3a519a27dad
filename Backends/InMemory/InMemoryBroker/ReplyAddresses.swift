import Messaging

/// Where replies go: an address for each request that waits, which nobody can guess. An address is good for one reply.
final class ReplyAddresses: Sendable {
    private struct Entry: Sendable {
        let waiter: Waiter<Result<Message, BrokerError>>
        let correlationID: String?
        let connection: Int
    }

    private let entries = Lock<[String: Entry]>([:])

    /// A new address for the request of a connection, and what its reply comes to.
    func make(
        for request: Message, of connection: Int
    ) -> (address: String, waiter: Waiter<Result<Message, BrokerError>>) {
        var random = SystemRandomNumberGenerator()
        let bits = [random.next(), random.next()].map { String($0, radix: 36) }
        let address = "inmemory-reply.\(bits.joined(separator: "-"))"
        let entry = Entry(waiter: Waiter(), correlationID: request.correlationID, connection: connection)
        entries.withLock { $0[address] = entry }
        return (address, entry.waiter)
    }

    /// Nobody waits there any more.
    func remove(_ address: String) { entries.withLock { $0[address] = nil } }

    /// Hands a reply to who waits for it; false where nobody does, or for another reply.
    func resolve(_ address: String, with reply: Message) -> Bool {
        let entry: Entry? = entries.withLock { entries in
            guard let entry = entries[address] else { return nil }
            if let given = reply.correlationID, given != entry.correlationID { return nil }
            entries[address] = nil
            return entry
        }
        return entry?.waiter.resolve(.success(reply)) ?? false
    }

    /// A connection has ended, and with it what it waits for.
    func close(_ connection: Int) {
        let ended = entries.withLock { entries in
            let ended = entries.filter { $0.value.connection == connection }
            for address in ended.keys { entries[address] = nil }
            return Array(ended.values)
        }
        for entry in ended { entry.waiter.resolve(.failure(.ended(.closed, "this broker was closed"))) }
    }
}
