public import Messaging

/// The options of NATS.
public struct NATSConfiguration: Sendable {
}
