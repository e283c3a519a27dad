import Messaging
import MessagingHub
import MessagingReliability

/// What happened in a test hub: what was published, each run of a handler and what became of it, what was given up,
/// and what is outstanding.
final class Journal: HubProbe {
    struct State: Sendable {
        var published: [PublishedMessage] = []
        var runs: [HandlerRun] = []
        var deadLettered: [DeadLetteredMessage] = []
        var outstanding = Outstanding()
        var error: TestHubError?
        /// How many runs have begun since the test last did something.
        var steps = 0
        fileprivate var numbers = 0
        fileprivate var newest: [RunKey: Int] = [:]
    }

    fileprivate struct RunKey: Hashable, Sendable {
        let source: HubProbeSource
        let id: MessageID
    }

    let state = Observed(State())
    let time: any TimeSource
    /// Where the hub is in memory, what moves in it.
    private let activity: Activity?
    private let beginning: Duration
    private let stepLimit: Int

    init(on time: any TimeSource, _ activity: Activity?, stepLimit: Int) {
        self.time = time
        self.activity = activity
        self.stepLimit = stepLimit
        beginning = time.uptime
    }

    /// How far the hub's clock has moved since the start.
    var elapsed: Duration { time.uptime - beginning }

    /// The test does something: what follows from it is counted anew.
    func beginStep() { state.change { $0.steps = 0 } }

    // MARK: What the hub tells

    func nextNumber() -> Int {
        state.change { state in
            state.numbers += 1
            return state.numbers
        }
    }

    func run(
        _ delivery: Delivery, of subscription: HubProbeSource,
        _ handler: @Sendable () async throws -> [ForwardedMessage]
    ) async throws -> [ForwardedMessage] {
        let (index, isOver) = begin(delivery, subscription)
        activity?.runBegins(index)
        defer { activity?.runEnds(index) }
        if isOver {
            // The loop ends here; the hub cancels what stands when it is shut down.
            activity?.halt(index)
            _ = await Waiter<Never>().wait(on: time)
            throw CancellationError()
        }
        do {
            let forwarded = try await Activity.$run.withValue(index) { try await handler() }
            state.change { $0.runs[index].outcome = .handled }
            return forwarded
        } catch {
            // Where the hub decides something else, it says so right away.
            state.change { $0.runs[index].outcome = .released(error: "\(error)") }
            throw error
        }
    }

    private func begin(_ delivery: Delivery, _ source: HubProbeSource) -> (index: Int, isOver: Bool) {
        let run = HandlerRun(
            topic: delivery.topic ?? Topic(unchecked: source.label), group: source.group, message: delivery.message,
            attempt: Int(delivery.attempt), time: elapsed)
        let limit = stepLimit
        return state.change { state in
            let index = state.runs.count
            state.runs.append(run)
            state.newest[RunKey(source: source, id: run.message.id)] = index
            state.steps += 1
            if state.steps > limit, state.error == nil { state.error = .stepLimit(limit, run) }
            return (index, state.steps > limit)
        }
    }

    func failed(_ delivery: Delivery, of subscription: HubProbeSource, _ failure: Failure, _ decision: RunDecision) {
        let outcome = HandlerRun.Outcome(decision, error: failure.sentence)
        let now = time.now
        state.change { state in
            let id = delivery.message.id
            if let index = state.newest[RunKey(source: subscription, id: id)] { state.runs[index].outcome = outcome }
            if case .retried(let delay, _) = outcome, delay > .zero {
                state.outstanding.waits(id, from: subscription, until: now + delay)
            }
        }
    }

    func deadLettered(_ delivery: Delivery, of subscription: HubProbeSource, _ reason: DeadLetter.Reason) {
        let moment = elapsed
        state.change { state in
            let last = state.newest[RunKey(source: subscription, id: delivery.message.id)].map { state.runs[$0] }
            var error: String?
            if case .deadLettered(_, let sentence)? = last?.outcome { error = sentence }
            state.deadLettered.append(
                DeadLetteredMessage(
                    topic: delivery.topic ?? Topic(unchecked: subscription.label), group: subscription.group,
                    message: delivery.message, reason: reason, attempt: Int(delivery.attempt), error: error,
                    time: moment))
        }
    }

    // MARK: What the brokers tell

    /// A publish begins: what it sends counts from now on, before anybody can receive it.
    func publishing(_ items: [Outgoing], at broker: BrokerName) {
        let now = time.now
        state.change { state in
            for item in items { state.outstanding.publishing(item.message, to: item.destination, at: broker, now: now) }
        }
    }

    /// It has ended; `errors` has those that were not confirmed, by index.
    func published(_ items: [Outgoing], at broker: BrokerName, errors: [Int: BrokerError] = [:]) {
        let moment = elapsed
        state.change { state in
            for (index, item) in items.enumerated() {
                let error = errors[index]
                state.published.append(
                    PublishedMessage(
                        message: item.message, destination: item.destination, broker: broker, time: moment,
                        error: error))
                if error != nil { state.outstanding.refused(item.message, to: item.destination, at: broker) }
            }
        }
    }
}
