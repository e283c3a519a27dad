public import Messaging

/// Measures each publish and each run of a handler, for each destination: how long it took, and whether it failed.
///
/// The hub measures by itself, behind a queue: this is for figures at a place of its own among the middlewares. The
/// instruments are called by the tasks that publish and handle, and delay them.
public struct MetricsMiddleware: Middleware {
    private struct Instruments: Sendable {
        let duration, failed: any Instrument
    }

    /// What has instruments of its own.
    private struct Place: Hashable, Sendable {
        let operation: String
        let destination: Destination
        let group: GroupName?

        var labels: [String: String] {
            var labels = TelemetryNames.labels(destination.topic.name, destination.kind, group: group)
            labels[TelemetryNames.operation] = operation
            return labels
        }
    }

    /// The instruments that were asked for.
    private final class Known: Sendable {
        private let sink: any MetricsSink
        private let capacity: Int
        private let known = Lock<[Place: Instruments]>([:])

        init(_ sink: any MetricsSink, capacity: Int) {
            self.sink = sink
            self.capacity = capacity
        }

        func instruments(of place: Place) -> Instruments {
            if let instruments = known.withLock({ $0[place] }) { return instruments }
            func make(_ kind: InstrumentDescription.Kind, _ name: String, _ unit: String) -> any Instrument {
                sink.instrument(InstrumentDescription(kind, name, unit: unit, labels: place.labels))
            }
            let made = Instruments(
                duration: make(.histogram, TelemetryNames.middlewareDuration, "s"),
                failed: make(.counter, TelemetryNames.middlewareFailed, "{call}"))
            return known.withLock { known in
                if let instruments = known[place] { return instruments }
                if known.count >= capacity { known = [:] }
                known[place] = made
                return made
            }
        }
    }

    private let known: Known
    private let time: any TimeSource

    /// Measures with instruments of this sink: `hub.middleware.duration` and `hub.middleware.failed`, of the operations
    /// `publish` and `process`, each destination and each group by itself. Those of 4,096 are kept at hand; beyond that the
    /// sink is asked for them anew.
    public init(to sink: any MetricsSink, on time: any TimeSource = SystemTime.shared) {
        self.init(to: sink, on: time, capacity: Publishers.capacity)
    }

    /// `capacity`: how many are kept at hand.
    init(to sink: any MetricsSink, on time: any TimeSource, capacity: Int) {
        known = Known(sink, capacity: capacity)
        self.time = time
    }

    /// Measures a publish.
    public func publish(_ call: PublishCall, next: Next<PublishCall, Published>) async throws -> Published {
        try await measuring("publish", call.destination) { try await next(call) }
    }

    /// Measures a run.
    public func handle(_ call: HandleCall, next: Next<HandleCall, Handled>) async throws -> Handled {
        try await measuring("process", call.destination, call.group) { try await next(call) }
    }

    private func measuring<Result>(
        _ operation: String, _ destination: Destination, _ group: GroupName? = nil,
        _ body: () async throws -> Result
    ) async throws -> Result {
        let instruments = known.instruments(of: Place(operation: operation, destination: destination, group: group))
        let start = time.uptime
        defer { instruments.duration.record(Double((time.uptime - start).nanoseconds) / 1e9) }
        do { return try await body() } catch {
            instruments.failed.record(1)
            throw error
        }
    }
}
