public import Messaging

/// The options of Embedded.
public struct EmbeddedConfiguration: Sendable {
}
