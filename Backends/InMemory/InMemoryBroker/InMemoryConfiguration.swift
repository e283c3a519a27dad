public import Messaging

/// The options of the in-memory broker.
public struct InMemoryConfiguration: Sendable {
}
