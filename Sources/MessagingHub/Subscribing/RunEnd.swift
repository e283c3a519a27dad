import Messaging
import MessagingReliability

/// How a run of a handler ended, with what it sends on, or the sentence of its error.
enum RunEnd: Sendable {
    case returned([ForwardedMessage])
    case failed(RunResult, String)
    /// It has asked for a pause: no run was made.
    case paused(Duration)

    /// What an error thrown by a handler means. `isStruck`: its time was up; `isInterrupted`: its task was cancelled.
    static func of(_ error: any Error, isStruck: Bool, isInterrupted: Bool, limit: Duration?) -> RunEnd {
        let sentence = sentence(of: error)
        if isStruck { return .failed(.timedOut, "handler ran longer than \((limit ?? .zero).optionText): \(sentence)") }
        if isInterrupted { return .failed(.interrupted, sentence) }
        switch error {
        case let error as PauseSubscription: return .paused(error.wait)
        case is Reject: return .failed(.rejected, sentence)
        case is UndecodableBody: return .failed(.undecodable, sentence)
        case let error as BrokerError: return .failed(result(of: error), sentence)
        case let error as PublishFailure: return .failed(result(of: error.first), sentence)
        default: return .failed(.failed, sentence)
        }
    }

    /// An error that lies in the message itself stays the same however often its handler is run. One of receiving lies in
    /// what a handler was to receive: in the reply to a request of its own.
    static func result(of error: BrokerError) -> RunResult {
        let permanent: [BrokerError.Code] = [
            .invalidArgument, .tooLarge, .serialization, .schema, .hashMismatch, .unsupported,
        ]
        return permanent.contains(error.code) && error.operation != .receive ? .rejected : .failed
    }

    private static func sentence(of error: any Error) -> String {
        if error is CancellationError { return "cancelled" }
        return String(describing: error)
    }
}

/// Thrown where a typed subscription cannot read a body.
struct UndecodableBody: Error, CustomStringConvertible {
    let description: String
}
