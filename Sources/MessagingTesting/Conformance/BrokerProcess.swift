public import InMemoryBroker

/// A broker's server as a process. Each call is harmless when it is so already; each throws when it could not be done.
public protocol BrokerProcess: Sendable {
    /// Starts it with what it has on its disk; returns when it can be connected to.
    func start() async throws
    /// Ends it in order, as SIGTERM does; returns when it has ended. It may be frozen.
    func stop() async throws
    /// Ends it as SIGKILL does; returns when it has ended. It may be frozen.
    func kill() async throws
    /// Holds it as SIGSTOP does: connections stay, and nothing is answered.
    func freeze() async throws
    /// Lets it go on, as SIGCONT does.
    func thaw() async throws
    /// Ends it and starts it again. Default: `stop`, then `start`.
    func restart() async throws
}

extension BrokerProcess {
    /// `stop`, then `start`.
    public func restart() async throws {
        try await stop()
        try await start()
    }
}

/// The simulated twin: in memory a server is a value, and what a signal does to a process is done to it.
extension InMemoryServer: BrokerProcess {}
