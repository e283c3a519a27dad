import Messaging

/// A consumer of a fixed number of messages, whose settlements fail as a test says.
final class FakeConsumer: MessageConsumer {
    private struct State: Sendable {
        var waiting: [Delivery]
        var held: [UInt64: Delivery] = [:]
        var settled: [UInt64: String] = [:]
        var calls = 0
        var receives = 0
        var isEnded = false
        var ender: Waiter<Void>?
    }

    private let state: Lock<State>
    /// Whether a retried message comes back at once, and uncounted.
    private let returnsAtOnce: Bool
    private let failing: @Sendable (_ call: Int, Receipt) -> BrokerError?
    private let settling: @Sendable (_ call: Int) async -> Void

    /// `settling` is waited for before each call to settle does anything.
    init(
        count: Int, returnsAtOnce: Bool = false,
        failing: @escaping @Sendable (Int, Receipt) -> BrokerError? = { _, _ in nil },
        settling: @escaping @Sendable (Int) async -> Void = { _ in }
    ) {
        self.returnsAtOnce = returnsAtOnce
        self.failing = failing
        self.settling = settling
        state = Lock(
            State(
                waiting: (0..<count).map {
                    Delivery(message: Message(key: "\($0 % 7)"), receipt: Receipt(sequence: UInt64($0)))
                }))
    }

    /// How each message was settled, by its sequence.
    var settled: [UInt64: String] { state.withLock { $0.settled } }
    /// How many receives there were.
    var receives: Int { state.withLock { $0.receives } }
    var held: Int { state.withLock { $0.held.count } }

    func receive(upTo limit: Int, within wait: Duration) async throws(BrokerError) -> [Delivery] {
        let waiter = Waiter<Void>()
        let taken: [Delivery]? = state.withLock { state in
            state.receives += 1
            if state.isEnded { return nil }
            let taken = Array(state.waiting.prefix(limit))
            state.waiting.removeFirst(taken.count)
            for delivery in taken { state.held[delivery.receipt.sequence] = delivery }
            if taken.isEmpty { state.ender = waiter }
            return taken
        }
        guard let taken else { throw .ended(.stopped, "stopped") }
        if !taken.isEmpty { return taken }
        switch await waiter.wait(atMost: wait, on: SystemTime.shared) {
        case .value: return try await receive(upTo: limit, within: wait)
        case .cancelled: throw BrokerError(.cancelled, "cancelled")
        case .timedOut: return []
        }
    }

    func holds(_ receipt: Receipt) -> Bool { state.withLock { $0.held[receipt.sequence] != nil } }

    func settle(_ settlements: [ReceiptSettlement]) async -> [SettlementOutcome] {
        let call = state.withLock { state in
            state.calls += 1
            return state.calls
        }
        await settling(call)
        let (outcomes, arrived): ([SettlementOutcome], Waiter<Void>?) = state.withLock { state in
            var arrived: Waiter<Void>?
            let outcomes: [SettlementOutcome] = settlements.map { item in
                if let error = failing(call, item.receipt) { return .failed(error) }
                guard let delivery = state.held.removeValue(forKey: item.receipt.sequence) else { return .stale }
                if case .retry = item.settlement, returnsAtOnce {
                    state.waiting.append(delivery)
                    arrived = state.ender
                } else {
                    state.settled[item.receipt.sequence] = item.settlement.word
                }
                return .settled
            }
            return (outcomes, arrived)
        }
        arrived?.resolve(())
        return outcomes
    }

    func settle(_ receipt: Receipt, as settlement: Settlement) async -> SettlementOutcome {
        await settle([ReceiptSettlement(receipt, settlement)])[0]
    }

    func stop() async {
        let ender: Waiter<Void>? = state.withLock { state in
            state.isEnded = true
            return state.ender
        }
        ender?.resolve(())
    }

    func cancel() async {
        await stop()
        state.withLock { $0.held = [:] }
    }
}

extension Settlement {
    /// What it is, in a word.
    var word: String {
        switch self {
        case .accept: "accept"
        case .release: "release"
        case .retry: "retry"
        case .forward: "forward"
        case .discard: "discard"
        }
    }
}
