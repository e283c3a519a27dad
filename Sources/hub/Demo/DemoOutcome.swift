import Messaging
import MessagingHub

/// What a demonstration has come to.
struct DemoOutcome: Sendable {
    let ledger: Ledger
    let latencies: [(destination: Destination, latencies: Latencies)]
    let elapsed: Duration
    /// What is to be said of the input.
    let problems: [String]
    /// What the process is to end with where it was asked to end.
    let interruption: ExitStatus?
    /// Whether not everything could be sent, and that was not to be passed over.
    let hasFailed: Bool

    /// The account of each destination, in the order in which they were sent to.
    var entries: [LedgerEntry] { latencies.map { ledger.entry(of: $0.destination) } }

    /// 1 when a message was lost, nothing was sent, or the input was not what it should be and that was not to be passed over.
    var status: ExitStatus {
        if entries.contains(where: { $0.lost > 0 }) { return .failure }
        if let interruption { return interruption }
        if entries.allSatisfy({ $0.sent == 0 }) { return .failure }
        return hasFailed ? .failure : .success
    }
}
