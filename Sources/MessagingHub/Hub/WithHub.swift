public import Messaging

/// Makes a hub, runs it while `body` does, and shuts it down in order when `body` returns, throws or is cancelled.
///
/// `body` begins when every broker is connected and everything is declared. Throws what keeps the hub from starting,
/// and what `body` throws.
public func withHub<Result: Sendable>(
    _ configuration: HubConfiguration, brokers: [BrokerFactory], environment: HubEnvironment = .init(),
    _ body: (MessageHub) async throws -> Result
) async throws -> Result {
    let hub = try MessageHub(configuration, brokers: brokers, environment: environment)
    return try await withThrowingTaskGroup(of: Void.self) { group in
        group.addTask { try await hub.run() }
        do { try await hub.waitUntilRunning() } catch {
            await hub.shutdown()
            try await group.waitForAll()
            throw error
        }
        let result: Swift.Result<Result, any Error>
        do { result = .success(try await body(hub)) } catch { result = .failure(error) }
        await hub.shutdown()
        try await group.waitForAll()
        return try result.get()
    }
}
