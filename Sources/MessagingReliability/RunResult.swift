/// How a run of a handler ended.
public enum RunResult: Hashable, Sendable {
    /// It returned.
    case finished
    /// It threw an error that a repetition may change.
    case failed
    /// It rejected the message, or threw an error that no repetition changes.
    case rejected
    /// The body is not what the handler expects; it was not run.
    case undecodable
    /// It took longer than it may.
    case timedOut
    /// A shutdown, or the loss of the hold, ended it: not its fault, and not counted.
    case interrupted
}
