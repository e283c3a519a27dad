import Messaging

/// What is seen of a message that no publisher sends: a request by a broker's own way, and a reply. It is told as a publish
/// is, in spans, counters, log and audit trail; how long it takes is not that of a publish, and is not measured as one.
struct Sending: Sendable {
    /// What replies are to be called in what is told of them: their addresses are nobody's business.
    static let replies = "hub-reply"

    let observer: HubObserver
    let counters: HubCounters
    let limits: BrokerLimits
    /// The codes of errors after which it was sent all the same, and of those that are no failure: nothing is told then.
    let sent: Set<BrokerError.Code>
    let silent: Set<BrokerError.Code>

    /// A request: what is missing when its time is up is the answer.
    static func ofRequest(by publisher: Publisher) -> Sending {
        Sending(
            observer: publisher.observer, counters: publisher.counters, limits: publisher.broker.limits,
            sent: [.timeout, .cancelled], silent: [])
    }

    /// A reply: that nobody waits for it any more is counted elsewhere.
    static func ofReply(on broker: any MessageBroker, _ observer: HubObserver, _ counters: HubCounters) -> Sending {
        Sending(
            observer: observer, counters: counters, limits: broker.limits, sent: [], silent: [.noSuchDestination])
    }

    /// Sends a message, which has a trace context then where its broker can carry one.
    func callAsFunction<Answer>(
        _ message: Message, _ send: (Message) async throws(BrokerError) -> Answer
    ) async throws(BrokerError) -> Answer {
        let span = observer.tracer?.begin([message], within: limits)
        let message = span?.messages.first ?? message
        do throws(BrokerError) {
            let answer = try await send(message)
            ended(span, message, nil)
            return answer
        } catch {
            ended(span, message, error)
            throw error
        }
    }

    private func ended(_ span: HubTracer.Publish?, _ message: Message, _ error: BrokerError?) {
        let failure = error.map { PublishFailure.refused($0, count: 1) }
        if let span { observer.tracer?.end(span, failure) }
        guard let error, !sent.contains(error.code) else {
            counters.published.add(1)
            counters.bytesPublished.add(message.body.count)
            if observer.watchesSuccess { observer.published([message], failure: nil, since: nil) }
            return
        }
        if silent.contains(error.code) { return }
        counters.publishFailed.add(1)
        observer.published([message], failure: failure, since: nil)
    }
}
