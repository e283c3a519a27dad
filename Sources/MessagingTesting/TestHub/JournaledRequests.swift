import Messaging

/// Requests of a test hub that its broker answers by itself: written down as what they publish.
struct JournaledRequests: Requesting {
    let base: any Requesting
    let broker: BrokerName
    let journal: Journal

    func request(
        _ message: Message, to destination: Destination, within wait: Duration
    ) async throws(BrokerError) -> Message {
        let items = [Outgoing(message, to: destination)]
        journal.publishing(items, at: broker)
        do throws(BrokerError) {
            let reply = try await base.request(message, to: destination, within: wait)
            journal.published(items, at: broker)
            return reply
        } catch {
            // What was not answered in time is there all the same.
            journal.published(items, at: broker, errors: error.code == .timeout ? [:] : [0: error])
            throw error
        }
    }

    func reply(_ message: Message, to address: String, within wait: Duration) async throws(BrokerError) {
        try await base.reply(message, to: address, within: wait)
    }
}
