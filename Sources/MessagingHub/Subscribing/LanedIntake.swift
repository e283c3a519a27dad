import Messaging

/// The intake of a destination that keeps order: messages of one key go to one worker, one after the other. Whoever has
/// nothing to do receives for all; a worker that waits with its key holds up no other.
///
/// What waits here is bounded by the subscription's window, as it is held.
final class LanedIntake: Intake {
    private struct State: Sendable {
        var inboxes: [[Delivery]]
        /// When the first delivery of each inbox was received, where somebody asks.
        var receivedAt: [Duration]
        var current: [Batch]
        var parked: [Waiter<Void>?]
        /// Which workers have begun; the first does by itself.
        var hasBegun: [Bool]
        var isReceiving = false
        var isEnded = false
    }

    private enum Step: Sendable {
        case take(Batch, wake: Waiter<Void>?)
        case receive
        case park(Waiter<Void>)
        case leave(wake: Waiter<Void>?)
    }

    private let reception: Reception
    private let state: Lock<State>

    /// An intake for this many workers; `first` has been received already.
    init(_ reception: Reception, workers: Int, first: [Delivery] = [], receivedAt: Duration = .zero) {
        self.reception = reception
        state = Lock(
            State(
                inboxes: Array(repeating: [], count: workers), receivedAt: Array(repeating: .zero, count: workers),
                current: Array(repeating: .empty, count: workers), parked: Array(repeating: nil, count: workers),
                hasBegun: (0..<workers).map { $0 == 0 }))
        state.withLock { state in _ = distribute(first, at: receivedAt, &state) }
    }

    func next(for worker: Int) async -> Batch? {
        while true {
            switch step(worker) {
            case .take(let batch, let wake):
                wake?.resolve(())
                return batch
            case .leave(let wake):
                wake?.resolve(())
                return nil
            case .receive:
                await receive()
            case .park(let waiter):
                _ = await waiter.wait(on: reception.time)
            }
        }
    }

    func withdraw() -> [Delivery] {
        let consumer = reception.consumer
        return state.withLock { state in
            var taken: [Delivery] = []
            for worker in state.inboxes.indices {
                let waiting = state.current[worker].claimRest() + state.inboxes[worker]
                taken += waiting.filter { !consumer.holds($0.receipt) }
                state.inboxes[worker] = waiting.filter { consumer.holds($0.receipt) }
            }
            return taken
        }
    }

    private func step(_ worker: Int) -> Step {
        state.withLock { state in
            state.parked[worker] = nil
            if Task.isCancelled { return .leave(wake: wakeOne(&state)) }
            if !state.inboxes[worker].isEmpty {
                let batch = Batch(
                    exchange(&state.inboxes[worker], with: []), receivedAt: state.receivedAt[worker])
                state.current[worker] = batch
                return .take(batch, wake: wakeOne(&state))
            }
            if state.isEnded { return .leave(wake: nil) }
            if !state.isReceiving {
                state.isReceiving = true
                return .receive
            }
            let waiter = Waiter<Void>()
            state.parked[worker] = waiter
            return .park(waiter)
        }
    }

    private func receive() async {
        let outcome = await reception.receive(upTo: Reception.most)
        let now = reception.breaker == nil ? .zero : reception.time.uptime
        let woken: [Waiter<Void>] = state.withLock { state in
            state.isReceiving = false
            switch outcome {
            case .deliveries(let deliveries):
                return distribute(deliveries, at: now, &state)
            case .none where !mayRest(state): return []
            case .none, .ended:
                state.isEnded = true
                return state.parked.compactMap { $0 }
            case .cancelled:
                return wakeOne(&state).map { [$0] } ?? []
            }
        }
        for waiter in woken { waiter.resolve(()) }
    }

    /// Nobody works, and nobody is on the way to.
    private func mayRest(_ state: State) -> Bool {
        state.parked.count(where: { $0 != nil }) == state.hasBegun.count(where: \.self) - 1
            && state.inboxes.allSatisfy(\.isEmpty)
            && reception.loop?.rests() == true
    }

    private func distribute(
        _ deliveries: [Delivery], at now: Duration, _ state: inout State
    ) -> [Waiter<Void>] {
        for delivery in deliveries {
            let worker = Self.lane(of: delivery, among: state.inboxes.count)
            if state.inboxes[worker].isEmpty { state.receivedAt[worker] = now }
            state.inboxes[worker].append(delivery)
        }
        for worker in state.inboxes.indices where !state.inboxes[worker].isEmpty && !state.hasBegun[worker] {
            begin(worker, &state)
        }
        return state.parked.indices.compactMap { state.inboxes[$0].isEmpty ? nil : state.parked[$0] }
    }

    /// The worker of a delivery: that of its key, or of its ordering domain where it has none.
    private static func lane(of delivery: Delivery, among count: Int) -> Int {
        var hasher = Hasher()
        if let key = delivery.message.key { hasher.combine(key) } else { hasher.combine(delivery.lane) }
        return Int(UInt(bitPattern: hasher.finalize()) % UInt(count))
    }

    /// Somebody who waits, to receive in the place of one who goes to work; nil when somebody receives. Where nobody waits,
    /// a worker begins.
    private func wakeOne(_ state: inout State) -> Waiter<Void>? {
        if state.isReceiving || state.isEnded { return nil }
        if let waiter = state.parked.lazy.compactMap({ $0 }).first { return waiter }
        if let worker = state.hasBegun.firstIndex(of: false) { begin(worker, &state) }
        return nil
    }

    private func begin(_ worker: Int, _ state: inout State) {
        state.hasBegun[worker] = true
        reception.loop?.begin(worker)
    }
}
