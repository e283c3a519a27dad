import Messaging
import Synchronization

/// A bounded queue before a sink, so that a slow sink delays nobody. What finds it full is dropped and counted.
final class BufferedLog: LogSink {
    private struct State: Sendable {
        var records = RingBuffer<LogRecord>()
        var drainer: Waiter<Void>?
    }

    /// How many records wait at most.
    static let capacity = 4096
    /// The least grave records that are taken.
    let level: LogRecord.Level
    /// Whether there is a sink at all.
    let isOn: Bool
    private let sink: any LogSink
    private let state = Lock(State())
    private let lost = Atomic<Int>(0)

    init(_ sink: any LogSink, level: LogRecord.Level) {
        self.sink = sink
        self.level = level
        isOn = !(sink is NoLog)
    }

    /// Whether records of this level are taken: to be asked before one is made.
    func takes(_ level: LogRecord.Level) -> Bool { isOn && level >= self.level }

    func log(_ record: LogRecord) {
        guard takes(record.level) else { return }
        let drainer: Waiter<Void>? = state.withLock { state in
            if state.records.count < Self.capacity {
                state.records.append(record)
            } else {
                lost.add(1, ordering: .relaxed)
            }
            defer { state.drainer = nil }
            return state.drainer
        }
        drainer?.resolve(())
    }

    /// Hands the records to the sink until `end` fires, and then what is left.
    func drain(until end: Signal, on time: any TimeSource) async {
        guard isOn else { return }
        while !end.isFired {
            empty()
            let waiter = Waiter<Void>()
            let isIdle = state.withLock { state in
                if state.records.isEmpty { state.drainer = waiter }
                return state.records.isEmpty
            }
            // `end` fires before `wake` looks for a drainer: whoever comes too late to be woken sees it here.
            if isIdle, !end.isFired { _ = await waiter.wait(on: time) }
        }
        empty()
    }

    /// Wakes `drain`, so that it sees its end.
    func wake() {
        let drainer: Waiter<Void>? = state.withLock { state in
            defer { state.drainer = nil }
            return state.drainer
        }
        drainer?.resolve(())
    }

    private func empty() {
        while let record = state.withLock({ $0.records.popFirst() }) { sink.log(record) }
        let count = lost.exchange(0, ordering: .relaxed)
        if count > 0 { sink.log(LogRecord(.warning, "log records were dropped", [("count", String(count))])) }
    }
}
