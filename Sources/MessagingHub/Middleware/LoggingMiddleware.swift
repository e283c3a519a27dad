public import Messaging

/// Logs each publish and each run of a handler with its duration; what failed as an error.
///
/// The hub logs by itself, behind a queue: this is for a log of its own, at a place of its own among the middlewares. The
/// sink is called by the tasks that publish and handle, and delays them.
public struct LoggingMiddleware: Middleware {
    private let sink: any LogSink
    private let level: LogRecord.Level
    private let time: any TimeSource

    /// Logs to this sink; what goes well at this level.
    public init(to sink: any LogSink, level: LogRecord.Level = .info, on time: any TimeSource = SystemTime.shared) {
        self.sink = sink
        self.level = level
        self.time = time
    }

    /// Logs `published` or `not published`.
    public func publish(_ call: PublishCall, next: Next<PublishCall, Published>) async throws -> Published {
        let keys = [("count", String(call.messages.count))]
        return try await logging("published", call.destination, call.messages.first, keys) { try await next(call) }
    }

    /// Logs `handled` or `not handled`.
    public func handle(_ call: HandleCall, next: Next<HandleCall, Handled>) async throws -> Handled {
        let keys = [(TelemetryNames.attempt, String(call.delivery.attempt))]
        return try await logging("handled", call.destination, call.delivery.message, keys) { try await next(call) }
    }

    private func logging<Result>(
        _ what: String, _ destination: Destination, _ message: Message?, _ keys: [(name: String, value: String)],
        _ body: () async throws -> Result
    ) async throws -> Result {
        let start = time.uptime
        var keys = [(name: TelemetryNames.destination, value: destination.topic.name)] + keys
        if let message {
            keys.append((TelemetryNames.messageID, message.id.description))
            if !message.type.isEmpty { keys.append((TelemetryNames.messageType, message.type)) }
        }
        do {
            let result = try await body()
            sink.log(LogRecord(level, what, keys + [("duration_s", (time.uptime - start).inSeconds)], at: time.now))
            return result
        } catch {
            let end = [("duration_s", (time.uptime - start).inSeconds), ("error", "\(error)")]
            sink.log(LogRecord(.error, "not \(what)", keys + end, at: time.now))
            throw error
        }
    }
}

extension Duration {
    fileprivate var inSeconds: String { String(Double(nanoseconds) / 1e9) }
}
