import Messaging

/// The requests of both brokers: a request goes to the one that is published to, a reply to the one that knows its address.
struct FailoverRequests: Requesting {
    let first: any Requesting
    let second: any Requesting
    let broker: FailoverBroker

    func request(
        _ message: Message, to destination: Destination, within wait: Duration
    ) async throws(BrokerError) -> Message {
        let begin = broker.time.uptime
        let isAway = await broker.problem(with: broker.primary, within: wait / 2) != nil
        let rest = max(.zero, wait - (broker.time.uptime - begin))
        let reply = try await (isAway ? second : first).request(message, to: destination, within: rest)
        if isAway { broker.record.divert(1) }
        return reply
    }

    /// An address that the second does not know may be one of the first, which is asked when it is back.
    func reply(_ message: Message, to address: String, within wait: Duration) async throws(BrokerError) {
        let begin = broker.time.uptime
        let problem = await broker.problem(with: broker.primary, within: wait / 2)
        if problem == nil {
            do throws(BrokerError) { return try await first.reply(message, to: address, within: wait) } catch {
                if error.code != .noSuchDestination { throw error }
            }
        }
        let rest = max(.zero, wait - (broker.time.uptime - begin))
        do throws(BrokerError) { try await second.reply(message, to: address, within: rest) } catch {
            throw error.code == .noSuchDestination ? problem ?? error : error
        }
    }
}
