import Messaging
import Metrics

struct SwiftMetricsSink: MetricsSink {
    struct Adding: Instrument {
        let counter: FloatingPointCounter
        func record(_ value: Double) { counter.increment(by: value) }
    }
    struct Recording: Instrument {
        let recorder: Recorder
        func record(_ value: Double) { recorder.record(value) }
    }

    func instrument(_ description: InstrumentDescription) -> any Instrument {
        let (name, labels) = (description.name, description.labels.map { ($0.key, $0.value) })
        return switch description.kind {
        case .counter: Adding(counter: FloatingPointCounter(label: name, dimensions: labels))
        case .gauge: Recording(recorder: Recorder(label: name, dimensions: labels, aggregate: false))
        case .histogram: Recording(recorder: Recorder(label: name, dimensions: labels))
        }
    }
}
