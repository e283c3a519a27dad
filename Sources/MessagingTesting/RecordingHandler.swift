public import Messaging

/// A handler that records what it handled and does what it was told to: what a test hands to the code under test.
public final class RecordingHandler: Sendable {
    /// One run.
    public struct Run: Sendable {
        /// The message.
        public let message: Message
        /// Which run it was, as the handler was told.
        public let attempt: Int32
        /// When it began, as `TimeSource.uptime`.
        public let time: Duration
    }

    private let runs: Observed<[Run]>
    private let time: any TimeSource
    private let behaviour: @Sendable (Run) async throws -> Void

    /// A handler that does this with each run; returning is success. Default: nothing.
    public init(
        on time: any TimeSource = SystemTime.shared,
        _ behaviour: @escaping @Sendable (Run) async throws -> Void = { _ in }
    ) {
        runs = Observed([], on: time)
        self.time = time
        self.behaviour = behaviour
    }

    /// Records the delivery, then behaves. Throws what the behaviour throws.
    public func handle(_ delivery: Delivery) async throws {
        let run = Run(message: delivery.message, attempt: delivery.attempt, time: time.uptime)
        runs.change { $0.append(run) }
        try await behaviour(run)
    }

    /// What it has handled so far, in the order of the beginnings.
    public var handled: [Run] { runs.value }

    /// The runs of one message.
    public func runs(of id: MessageID) -> [Run] { handled.filter { $0.message.id == id } }

    /// Waits until it was called `count` times; false when it was not within `limit`.
    @discardableResult public func waits(for count: Int, within limit: Duration) async -> Bool {
        await waits(within: limit) { $0.count >= count }
    }

    /// Waits until the runs so far meet a condition; false when they did not within `limit`.
    @discardableResult public func waits(
        within limit: Duration, until condition: @escaping @Sendable ([Run]) -> Bool
    ) async -> Bool {
        await runs.first(within: limit, where: condition) != nil
    }
}
