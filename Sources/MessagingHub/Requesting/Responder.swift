import Messaging
import MessagingReliability

/// Sends replies to the requests of one topic.
final class Responder: Sendable {
    let broker: any MessageBroker
    let counters: RequestCounters
    let sending: Sending
    /// How long sending a reply may take.
    let deadline: Duration
    /// Whether a request that is given up is answered with the error.
    let answersFailures: Bool

    init(
        broker: any MessageBroker, counters: RequestCounters, sending: Sending, deadline: Duration,
        answersFailures: Bool
    ) {
        self.broker = broker
        self.counters = counters
        self.sending = sending
        self.deadline = deadline
        self.answersFailures = answersFailures
    }

    /// An error is said once, and not for long: it is better than silence, not more.
    private static let failureDeadline = Duration.seconds(2)

    /// Sends a reply; false when nobody waits for it, which is counted and no failure. Throws what may be otherwise with
    /// the next try, and what is wrong in the reply itself.
    @discardableResult
    func reply(_ answer: Message, to request: Message) async throws(BrokerError) -> Bool {
        var answer = answer.withoutAttempt
        answer.headers.removeAll(.replyError)
        answer.headers.removeAll(.replyErrorReason)
        return try await send(answer, to: request, within: deadline)
    }

    /// Says that a request was given up, where its requester is to know. What goes wrong with that is counted.
    func fail(_ request: Message, _ reason: DeadLetter.Reason, _ sentence: String) async {
        guard answersFailures else { return }
        var answer = Message(.empty)
        let limits = broker.limits
        answer.headers[.replyError] = DeadLetter.printable(sentence, within: limits.maximumHeaderValueBytes)
        do throws(BrokerError) {
            // Without its header it would be an answer, so then it is not sent.
            if let refusal = limits.refusal(of: answer, at: answer.timestamp) { throw refusal }
            var whole = answer
            whole.headers[.replyErrorReason] = reason.rawValue
            if limits.refusal(of: whole, at: whole.timestamp) == nil { answer = whole }
            _ = try await send(answer, to: request, within: min(deadline, Self.failureDeadline))
        } catch {
            counters.unwanted.add(1)
        }
    }

    private func send(
        _ answer: Message, to request: Message, within limit: Duration
    ) async throws(BrokerError) -> Bool {
        guard let address = request.replyTo else { return false }
        var answer = answer
        answer.correlationID = request.correlationID
        // A reply cannot be replied to, so that no two programs answer each other for ever.
        answer.replyTo = nil
        do throws(BrokerError) {
            if let topic = ReplyTopic(address) {
                let options = PublishOptions(deadline: limit)
                try await sending(answer) { (answer) throws(BrokerError) in
                    do throws(PublishFailure) {
                        try await broker.publish(answer, to: .pubSub(topic.topic), options: options)
                    } catch {
                        throw error.first
                    }
                }
            } else if let native = broker.requests {
                try await sending(answer) { (answer) throws(BrokerError) in
                    try await native.reply(answer, to: address, within: limit)
                }
            } else {
                counters.unwanted.add(1)
                return false
            }
        } catch {
            if error.code != .noSuchDestination { throw error }
            counters.unwanted.add(1)
            return false
        }
        counters.replied.add(1)
        return true
    }
}
