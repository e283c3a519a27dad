public import Messaging

/// A broker that goes wrong by a plan, before any other broker: for tests of what stands on a broker.
///
/// It stays an honest broker: what it confirms is there, what it calls `settled` is settled (`duplicateDelivery` aside),
/// and what it fails says so. A run is repeated by the seed of its plan.
public final class FaultyBroker: BrokerDecorator {
    /// A fault that has struck: which, and at which call of its sort.
    public struct Strike: Hashable, Sendable {
        /// What went wrong.
        public let fault: FaultPlan.Fault
        /// Of which publish, receive or settlement, from 0.
        public let call: UInt64
    }

    private struct State: Sendable {
        var calls: [FaultPlan.Fault: UInt64] = [:]
        var strikes: [Strike] = []
        var report: (@Sendable (BrokerEvent) -> Void)?
        var consumers: [Weak] = []
    }

    private struct Weak: Sendable {
        weak let consumer: FaultyConsumer?
    }

    /// The broker behind.
    public let base: any MessageBroker
    /// What goes wrong, and when.
    public let plan: FaultPlan
    let time: any TimeSource
    private let state = Lock(State())
    private let isUp: Observed<Bool>

    /// This broker, going wrong by this plan. Waits are measured on `time`.
    public init(_ base: any MessageBroker, _ plan: FaultPlan, on time: any TimeSource = SystemTime.shared) {
        self.base = base
        self.plan = plan
        self.time = time
        isUp = Observed(true, on: time)
    }

    /// What has gone wrong so far, sorted by fault and call.
    public var strikes: [Strike] {
        state.withLock { $0.strikes }.sorted { ($0.fault.rawValue, $0.call) < ($1.fault.rawValue, $1.call) }
    }

    /// Whether the next call meets a fault; the call is counted.
    func strikes(_ fault: FaultPlan.Fault) -> Bool {
        state.withLock { state in
            let call = state.calls[fault, default: 0]
            state.calls[fault] = call + 1
            guard plan.strikes(fault, call: call) else { return false }
            state.strikes.append(Strike(fault: fault, call: call))
            return true
        }
    }

    func error(_ code: BrokerError.Code, _ what: String, during operation: BrokerError.Operation) -> BrokerError {
        BrokerError(code, "\(what), as the \(plan) wants", during: operation)
    }

    /// Connects the broker behind.
    public func connect(reporting: @escaping @Sendable (BrokerEvent) -> Void) async throws(BrokerError) {
        state.withLock { $0.report = reporting }
        try await base.connect(reporting: reporting)
    }

    /// Publishes, or goes wrong by the plan.
    public func publish(
        _ messages: [Message], to destination: Destination, options: PublishOptions
    ) async throws(PublishFailure) -> PublishReceipt {
        try await before(messages.count)
        let receipt = try await base.publish(messages, to: destination, options: options)
        try after(messages.count)
        return receipt
    }

    /// Publishes, or goes wrong by the plan.
    public func publish(
        _ message: Message, to destination: Destination, options: PublishOptions
    ) async throws(PublishFailure) -> PublishReceipt {
        try await before(1)
        let receipt = try await base.publish(message, to: destination, options: options)
        try after(1)
        return receipt
    }

    private func before(_ count: Int) async throws(PublishFailure) {
        if strikes(.disconnect) { await disconnect() }
        if !isUp.value {
            throw .refused(error(.notConnected, "the connection is gone", during: .publish), count: count)
        }
        if strikes(.publishFails) {
            throw .refused(error(.unavailable, "the publish was refused", during: .publish), count: count)
        }
    }

    private func after(_ count: Int) throws(PublishFailure) {
        guard strikes(.confirmLost) else { return }
        let lost = error(.timeout, "the confirmation was lost", during: .publish)
        var outcomes: [Int: PublishFailure.Outcome] = [:]
        for index in 0..<count { outcomes[index] = .unknown(lost) }
        throw PublishFailure(outcomes, of: count)
    }

    /// A consumer that goes wrong by the plan.
    public func subscribe(_ subscription: Subscription) async throws(BrokerError) -> any MessageConsumer {
        let consumer = FaultyConsumer(try await base.subscribe(subscription), subscription, of: self)
        state.withLock { state in
            state.consumers.removeAll { $0.consumer == nil }
            state.consumers.append(Weak(consumer: consumer))
        }
        return consumer
    }

    /// The connection goes; the alarm that brings it back is set on the clock.
    private func disconnect() async {
        let (report, consumers) = state.withLock { ($0.report, $0.consumers) }
        guard
            isUp.change({ isUp in
                defer { isUp = false }
                return isUp
            })
        else { return }
        report?(.down(error(.notConnected, "the connection was cut", during: .other)))
        for consumer in consumers { await consumer.consumer?.loseHolds() }
        let isUp = isUp
        _ = time.alarm(at: time.uptime + plan.outage) { [weak self] in
            isUp.change { $0 = true }
            self?.state.withLock { $0.report }?(.up)
        }
    }

    /// The base is closed; an alarm that still stands reports nothing any more.
    public func close(within grace: Duration) async {
        state.withLock { $0.report = nil }
        await base.close(within: grace)
    }

    /// Waits until the connection is there; false when it is not within this time.
    func waitsForConnection(within wait: Duration) async -> Bool {
        await isUp.first(within: wait) { $0 } != nil
    }
}
