/// Which retry policy a message has: that of its type, or the one for all others.
public struct RetrySelection: Hashable, Sendable {
    /// For the types that have none of their own.
    public var standard: RetryPolicy
    /// By message type.
    public var byType: [String: RetryPolicy]

    /// These policies.
    public init(_ standard: RetryPolicy = RetryPolicy(), byType: [String: RetryPolicy] = [:]) {
        self.standard = standard
        self.byType = byType
    }

    /// The policy of messages of this type.
    public subscript(type: String) -> RetryPolicy {
        byType.isEmpty ? standard : byType[type] ?? standard
    }

    /// Every policy that can be chosen, the standard one first, the others in the order of their types.
    public var all: [RetryPolicy] { [standard] + byType.sorted { $0.key < $1.key }.map(\.value) }
}
