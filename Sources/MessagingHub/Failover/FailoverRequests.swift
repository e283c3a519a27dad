import Messaging

/// The requests of both brokers: a request goes to the one that is published to, a reply to the one that knows its address.
struct FailoverRequests: Requesting {
    let first: any Requesting
    let second: any Requesting
    let broker: FailoverBroker

    func request(
        _ message: Message, to destination: Destination, within wait: Duration
    ) async throws(BrokerError) -> Message {
        let chosen = await broker.problem(with: broker.primary) == nil ? first : second
        return try await chosen.request(message, to: destination, within: wait)
    }

    func reply(_ message: Message, to address: String, within wait: Duration) async throws(BrokerError) {
        if await broker.problem(with: broker.primary) == nil {
            do throws(BrokerError) { return try await first.reply(message, to: address, within: wait) } catch {
                if error.code != .noSuchDestination { throw error }
            }
        }
        try await second.reply(message, to: address, within: wait)
    }
}
