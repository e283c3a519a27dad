import Messaging

/// What stands wrong and waits for somebody: one alarm for each subscription, until it is lowered.
final class Alarms: Sendable {
    private let standing = Lock<[String: String]>([:])

    /// The standing alarms, by subscription.
    var all: [String: String] { standing.withLock { $0 } }

    func raise(_ label: String, _ sentence: String) { standing.withLock { $0[label] = sentence } }

    func lower(_ label: String) { standing.withLock { $0[label] = nil } }
}
