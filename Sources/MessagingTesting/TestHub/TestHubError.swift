import Messaging

/// What a test hub has to complain of, in a sentence.
public struct TestHubError: Error, Hashable, Sendable, CustomStringConvertible {
    /// What kind of complaint it is.
    public enum Code: Hashable, Sendable {
        /// Handlers ran more often than the step limit allows.
        case stepLimit
        /// Work did not settle in time.
        case unsettled
        /// A topic's record is not what a check asked for.
        case unmet
    }

    /// What kind of complaint it is.
    public let code: Code
    /// The sentence: what was asked for, what was there instead, and what to do.
    public let description: String

    init(_ code: Code, _ sentence: String) {
        self.code = code
        description = sentence
    }

    static func stepLimit(_ limit: Int, _ run: HandlerRun) -> TestHubError {
        TestHubError(
            .stepLimit,
            "handlers ran \(limit) times without coming to rest; the last was \(run.handler) at attempt "
                + "\(run.attempt) of message \(run.message.id). Look for a handler that publishes to its own topic or "
                + "a retry without end, or raise stepLimit")
    }

    static func unsettled(
        _ what: String, within limit: Duration, _ running: [HandlerRun], _ count: Int
    ) -> TestHubError {
        let first = running.prefix(3).map { "\($0.handler) at attempt \($0.attempt) of message \($0.message.id)" }
        let text =
            running.isEmpty
            ? "\(count) \(count == 1 ? "message is" : "messages are") not settled"
            : "\(running.count) \(running.count == 1 ? "handler runs" : "handlers run"): \(first.joined(separator: ", "))"
                + "; a handler may wait for the hub's clock (TestHub.time), not for the machine's or for the test"
        return TestHubError(.unsettled, "\(what) has not come to rest within \(limit.optionText): \(text)")
    }
}
