package import Messaging

extension TimeSource {
    /// Returns when this holds, which is looked at again and again: for what nobody tells of, such as what the system says
    /// of processes. Throws `.timeout` when it does not come to hold within the limit.
    package func until(
        _ what: String, within limit: Duration = .seconds(30), _ holds: () async -> Bool
    ) async throws {
        let end = uptime + limit
        while uptime < end {
            if await holds() { return }
            try await sleep(for: .milliseconds(5))
        }
        throw BrokerError(.timeout, "it did not come to hold within \(limit.optionText) that \(what)")
    }
}
