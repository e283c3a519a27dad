public import Messaging

/// A metrics sink that keeps what it is given, for tests and for small programs.
public final class MetricsCollector: MetricsSink {
    private final class Recorder: Instrument {
        let values = Lock<[Double]>([])
        func record(_ value: Double) { values.withLock { if $0.count < 100_000 { $0.append(value) } } }
    }

    private let recorders = Lock<[InstrumentDescription: Recorder]>([:])

    /// A sink without instruments.
    public init() {}

    /// The instrument of this description, which keeps its first 100,000 values.
    public func instrument(_ description: InstrumentDescription) -> any Instrument {
        recorders.withLock { recorders in
            let recorder = recorders[description] ?? Recorder()
            recorders[description] = recorder
            return recorder
        }
    }

    /// The values of all instruments of this name, whatever their labels.
    public func values(of name: String) -> [Double] {
        let matching = recorders.withLock { recorders in
            recorders.filter { $0.key.name == name }.map(\.value)
        }
        return matching.flatMap { $0.values.withLock { $0 } }
    }

    /// The values of the instrument of this description; none where nobody asked for it.
    public func values(of description: InstrumentDescription) -> [Double] {
        recorders.withLock { $0[description] }?.values.withLock { $0 } ?? []
    }

    /// Their sum.
    public func sum(of name: String) -> Double { values(of: name).reduce(0, +) }
}
