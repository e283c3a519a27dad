import Messaging
import Synchronization

/// What a hub measures with: the sink, behind a bounded queue. A counter adds up what its sink has not been given yet, so
/// that nothing of it is ever lost; of a gauge the last value counts; the values of a histogram wait one by one.
final class BufferedMetrics: MetricsSink {
    /// One instrument, which the sink is asked for when there is something for it, by whoever drains the queue.
    private final class Buffered: Instrument {
        let description: InstrumentDescription
        private let sink: any MetricsSink
        private let queue: SinkQueue<Item>
        private let made = Lock<(any Instrument)?>(nil)
        /// A sum, or the bits of the last value.
        private let pending = Atomic<UInt64>(0)
        private let isQueued = Atomic<Bool>(false)

        init(_ description: InstrumentDescription, _ sink: any MetricsSink, _ queue: SinkQueue<Item>) {
            self.description = description
            self.sink = sink
            self.queue = queue
        }

        func record(_ value: Double) {
            switch description.kind {
            case .histogram: return queue.put(.value(self, value))
            case .gauge: pending.store(value.bitPattern, ordering: .relaxed)
            case .counter:
                guard let count = UInt64(exactly: value.rounded()), count > 0 else { return }
                pending.add(count, ordering: .relaxed)
            }
            if !isQueued.exchange(true, ordering: .sequentiallyConsistent) { queue.put(.pending(self), mustWait: true) }
        }

        func deliver() {
            _ = isQueued.exchange(false, ordering: .sequentiallyConsistent)
            if description.kind == .gauge {
                deliver(Double(bitPattern: pending.load(ordering: .relaxed)))
            } else {
                let count = pending.exchange(0, ordering: .relaxed)
                if count > 0 { deliver(Double(count)) }
            }
        }

        func deliver(_ value: Double) { instrument.record(value) }

        private var instrument: any Instrument {
            if let known = made.withLock({ $0 }) { return known }
            let instrument = sink.instrument(description)
            made.withLock { $0 = instrument }
            return instrument
        }
    }

    private enum Item: Sendable {
        case pending(Buffered)
        case value(Buffered, Double)
    }

    private let sink: any MetricsSink
    private let queue: SinkQueue<Item>

    /// `report` says how many values of histograms were dropped since it was last called.
    init(_ sink: any MetricsSink, _ settings: SinkSettings, report: @escaping @Sendable (Int) -> Void) {
        self.sink = sink
        queue = SinkQueue(settings, report: report) { item in
            switch item {
            case .pending(let instrument): instrument.deliver()
            case .value(let instrument, let value): instrument.deliver(value)
            }
        }
    }

    /// How many values were dropped.
    var lostCount: Int { queue.lostCount }

    func instrument(_ description: InstrumentDescription) -> any Instrument { Buffered(description, sink, queue) }

    func drain(until end: Signal) async { await queue.drain(until: end) }

    func wake() { queue.wake() }
}
