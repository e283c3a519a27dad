public import Messaging

/// Measures each publish and each run of a handler: how long it took, and whether it failed.
///
/// The hub measures by itself, behind a queue: this is for figures at a place of its own among the middlewares. The
/// instruments are called by the tasks that publish and handle, and delay them.
public struct MetricsMiddleware: Middleware {
    private struct Instruments: Sendable {
        let duration, failed: any Instrument

        init(_ sink: any MetricsSink, _ operation: String) {
            let labels = [TelemetryNames.operation: operation]
            duration = sink.instrument(
                InstrumentDescription(.histogram, TelemetryNames.middlewareDuration, unit: "s", labels: labels))
            failed = sink.instrument(
                InstrumentDescription(.counter, TelemetryNames.middlewareFailed, unit: "{call}", labels: labels))
        }
    }

    private let publishing: Instruments
    private let handling: Instruments
    private let time: any TimeSource

    /// Measures with instruments of this sink: `hub.middleware.duration` and `hub.middleware.failed`, of the operations
    /// `publish` and `process`.
    public init(to sink: any MetricsSink, on time: any TimeSource = SystemTime.shared) {
        publishing = Instruments(sink, "publish")
        handling = Instruments(sink, "process")
        self.time = time
    }

    /// Measures a publish.
    public func publish(_ call: PublishCall, next: Next<PublishCall, Published>) async throws -> Published {
        try await measuring(publishing) { try await next(call) }
    }

    /// Measures a run.
    public func handle(_ call: HandleCall, next: Next<HandleCall, Handled>) async throws -> Handled {
        try await measuring(handling) { try await next(call) }
    }

    private func measuring<Result>(
        _ instruments: Instruments, _ body: () async throws -> Result
    ) async throws -> Result {
        let start = time.uptime
        defer { instruments.duration.record(Double((time.uptime - start).nanoseconds) / 1e9) }
        do { return try await body() } catch {
            instruments.failed.record(1)
            throw error
        }
    }
}
