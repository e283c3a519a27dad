import Messaging
import MessagingReliability

/// The requests of a hub that wait for their replies, and where these come in: the broker's own way, or one private
/// reply topic for all requests over a broker, made with the first of them.
final class Requests: Sendable {
    typealias Asker = HubPolicies.Asker

    private struct State: Sendable {
        var pending: any ReplyMatching<Asker>
        var inboxes: [BrokerName: ReplyInbox] = [:]
        /// What sees the replies that are sent over a broker.
        var observers: [BrokerName: HubObserver] = [:]
        var isClosed = false
    }

    let counters = RequestCounters()
    private let capacity: Int
    private let arrivals: Arrivals<HubSubscription>
    private let environment: HubEnvironment
    private let log: BufferedLog
    private let state: Lock<State>
    private var time: any TimeSource { environment.time }

    init(
        _ configuration: RequestConfiguration, arrivals: Arrivals<HubSubscription>, _ environment: HubEnvironment,
        _ log: BufferedLog
    ) {
        capacity = configuration.maximumPending
        self.arrivals = arrivals
        self.environment = environment
        self.log = log
        state = Lock(State(pending: environment.policies.replies(configuration.maximumPending)))
    }

    /// How many requests wait.
    var pendingCount: Int { state.withLock { $0.pending.count } }

    /// Sends a request by a publisher's way, and returns its reply. It holds a slot until it returns.
    func ask(_ message: Message, by publisher: Publisher, until end: Duration) async throws(BrokerError) -> Message {
        let (id, asker) = (CorrelationID(), Asker())
        let end = try admit(asker, as: id, until: end)
        defer { state.withLock { $0.pending.remove(id) } }
        var message = message.withoutAttempt
        message.correlationID = id.description
        counters.sent.add(1)
        let outcome: Asker.Outcome
        let broker = publisher.broker
        if let native = broker.requests, broker.capabilities.can(.request, on: publisher.destination.kind) {
            outcome = await ask(message, asker, by: native, over: publisher, until: end)
        } else {
            outcome = try await ask(message, asker, over: publisher, until: end)
        }
        switch outcome {
        case .value(.success(let reply)):
            counters.answered.add(1)
            return reply
        case .value(.failure(let error)) where error.code == .timeout: throw timedOut(publisher.destination)
        case .value(.failure(let error)): throw error
        case .timedOut: throw timedOut(publisher.destination)
        case .cancelled: throw BrokerError(.cancelled, "the task that asked was cancelled")
        }
    }

    /// Until when a request waits.
    private func admit(
        _ asker: Asker, as id: CorrelationID, until end: Duration
    ) throws(BrokerError) -> Duration {
        let (deadline, isClosed): (Duration?, Bool) = state.withLock { state in
            guard !state.isClosed, state.pending.add(asker, as: id, until: end) else { return (nil, state.isClosed) }
            return (state.pending.deadline(of: id), false)
        }
        if let deadline { return deadline }
        if isClosed { throw Self.closed }
        let sentence = "\(capacity) requests wait for their replies, as many as may"
        throw BrokerError(.resourceExhausted, "\(sentence); ask later, or raise max-pending")
    }

    private static let closed = BrokerError.ended(
        .closed, "the hub was shut down before the reply came; make a new one, and ask again")

    private func timedOut(_ destination: Destination) -> BrokerError {
        counters.timedOut.add(1)
        let sentence = "no reply from \(destination) in the time given; see whether it is handled, or give it more"
        return BrokerError(.timeout, sentence)
    }

    /// The broker's own way. It is ended with the wait, whatever ends that.
    private func ask(
        _ message: Message, _ asker: Asker, by native: any Requesting, over publisher: Publisher, until end: Duration
    ) async -> Asker.Outcome {
        let sending = Sending.ofRequest(by: publisher)
        return await withTaskGroup(of: Void.self) { group in
            group.addTask { [time] in
                let wait = max(.zero, end - time.uptime)
                do throws(BrokerError) {
                    let reply = try await sending(message) { (message) throws(BrokerError) in
                        try await native.request(message, to: publisher.destination, within: wait)
                    }
                    asker.resolve(.success(reply))
                } catch {
                    asker.resolve(.failure(error))
                }
            }
            let outcome = await asker.wait(until: end, on: time)
            group.cancelAll()
            return outcome
        }
    }

    /// By a reply topic.
    private func ask(
        _ message: Message, _ asker: Asker, over publisher: Publisher, until end: Duration
    ) async throws(BrokerError) -> Asker.Outcome {
        var message = message
        message.replyTo = try await inbox(on: publisher.broker, until: end).topic.topic.name
        var options = publisher.options
        options.deadline = min(options.deadline, max(.zero, end - time.uptime))
        do throws(PublishFailure) { _ = try await publisher.publish(message, options) } catch { throw error.first }
        return await asker.wait(until: end, on: time)
    }

    // MARK: Reply topics

    /// The reply topic on a broker, once it is live.
    private func inbox(on broker: any MessageBroker, until end: Duration) async throws(BrokerError) -> ReplyInbox {
        if case .refused(let reason) = broker.capabilities[.pubSub, .serve] {
            let sentence = "requests over broker \(broker.name) have no replies, which come by pubsub: \(reason)"
            throw BrokerError(.unsupported, sentence, during: .receive)
        }
        let (inbox, isNew) = state.withLock { state in
            if let known = state.inboxes[broker.name], !known.hasEnded { return (known, false) }
            let made = ReplyInbox(on: broker, window: capacity, environment, log) { [weak self] in self?.receive($0) }
            state.inboxes[broker.name] = made
            return (made, true)
        }
        if isNew, !arrivals.add(inbox.subscription) { await inbox.subscription.end(within: .zero) }
        let isSettled = await inbox.subscription.settled.wait(atMost: max(.zero, end - time.uptime), on: time)
        if case .ended(let error) = inbox.subscription.state { throw error ?? Self.closed }
        if isSettled { return inbox }
        if Task.isCancelled { throw BrokerError(.cancelled, "the task that asked was cancelled") }
        counters.timedOut.add(1)
        let sentence = "replies over broker \(broker.name) could not be listened for in the time given"
        throw BrokerError(.timeout, "\(sentence); see whether it is there")
    }

    private func receive(_ reply: Message) {
        let now = time.uptime
        let asker = state.withLock { $0.pending.resolve(reply.correlationID, at: now) }
        if asker?.resolve(.success(reply)) != true { counters.unmatched.add(1) }
    }

    /// What sees the replies that are sent over a broker.
    func observer(on broker: any MessageBroker) -> HubObserver {
        state.withLock { state in
            if let known = state.observers[broker.name] { return known }
            let made = HubObserver(
                of: Sending.replies, kind: .pubSub, on: broker, group: nil, environment: environment, log: log)
            state.observers[broker.name] = made
            return made
        }
    }

    /// Whether a subscription is to a reply topic.
    func owns(_ subscription: HubSubscription) -> Bool {
        state.withLock { state in state.inboxes.values.contains { $0.subscription === subscription } }
    }

    /// No more requests; those that wait get none.
    func close() {
        let askers = state.withLock { state in
            state.isClosed = true
            return state.pending.removeAll()
        }
        for asker in askers { asker.resolve(.failure(Self.closed)) }
    }
}
