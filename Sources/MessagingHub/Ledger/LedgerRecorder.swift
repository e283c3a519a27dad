public import Messaging

/// A ledger that many tasks write to.
public final class LedgerRecorder: Sendable {
    private let state = Lock(Ledger())

    /// A recorder with an empty ledger.
    public init() {}

    /// The ledger as it is now.
    public var ledger: Ledger { state.withLock { $0 } }

    /// A publish was confirmed.
    public func sent(_ messages: [Message], to destination: Destination) {
        state.withLock { ledger in
            for message in messages { ledger.sent(message, to: destination) }
        }
    }

    /// This group is to see every message of a destination.
    public func expect(_ group: GroupName?, of destination: Destination) {
        state.withLock { $0.expect(group, of: destination) }
    }

    /// A handler returned.
    public func handled(_ id: MessageID, from destination: Destination, group: GroupName? = nil) {
        state.withLock { $0.handled(id, from: destination, group: group) }
    }

    /// A dead letter arrived.
    public func deadLettered(_ id: MessageID, from destination: Destination, group: GroupName? = nil) {
        state.withLock { $0.deadLettered(id, from: destination, group: group) }
    }

    /// A group's filter did not let a message through.
    public func filtered(_ id: MessageID, from destination: Destination, group: GroupName? = nil) {
        state.withLock { $0.filtered(id, from: destination, group: group) }
    }
}
