public import InMemoryBroker

/// What the connections of one client process to the server go through, and how it is disturbed. Each call is harmless
/// when it is so already, and ends what was before it.
public protocol BrokerLink: Sendable {
    /// Ends every connection at once. New ones are let through.
    func cut() async throws
    /// Passes the next frame that the client sends in part, then does as `cut`.
    func cutWhileSending() async throws
    /// Passes the next frame that the server sends in part, then does as `cut`.
    func cutWhileReceiving() async throws
    /// Passes nothing on, either way, and says nothing of it: connections stay open, and new ones are taken and not answered.
    func blackHole() async throws
    /// Ends every connection, and refuses new ones.
    func refuse() async throws
    /// Passes everything on again.
    func restore() async throws
}

/// In memory a link is a property of the connection.
extension InMemoryBroker: BrokerLink {}
