public import Messaging

extension InMemoryConfiguration {
    /// A server of this configuration, running and empty. Brokers of one configuration that are to meet share it.
    public func server(
        on time: any TimeSource = SystemTime.shared, heartbeat: Duration = .seconds(1)
    ) -> InMemoryServer {
        InMemoryServer(
            time: time, heartbeat: heartbeat, maximumMessages: maximumMessages, maximumBytes: maximumBytes.bytes)
    }

    /// What is known of an in-memory broker of this configuration.
    public var profile: BrokerProfile {
        BrokerProfile(
            type: .inMemory, scheme: BrokerProfile.inMemory.scheme, options: Self.options,
            capabilities: BrokerProfile.inMemory.capabilities,
            limits: BrokerProfile.inMemory.limits.with { $0.maximumBodyBytes = maximumBody.bytes })
    }
}
