package import Messaging
package import MessagingReliability

/// The narrow door of the test hub: what a hub does otherwise where a test watches it. Without one nothing is asked on
/// the way of a message.
package struct HubDoor: Sendable {
    /// Sees each run of a handler.
    package var probe: any HubProbe
    /// Runs every task of the hub, handlers among them; nil: those of the program do.
    package var executor: (any TaskExecutor)?
    /// The clock of what waits for company, not for a moment: settlements that are gathered, and their repetitions.
    package var gatherTime: any TimeSource
    /// What jitter is drawn with, from 0 up to 1.
    package var random: @Sendable () -> Double

    /// A door of these parts.
    package init(
        _ probe: any HubProbe, executor: (any TaskExecutor)? = nil, gatherTime: any TimeSource = SystemTime.shared,
        random: @escaping @Sendable () -> Double = { .random(in: 0..<1) }
    ) {
        self.probe = probe
        self.executor = executor
        self.gatherTime = gatherTime
        self.random = random
    }
}

/// What sees the runs of a hub's handlers.
package protocol HubProbe: Sendable {
    /// A number that it has not given before.
    func nextNumber() -> Int
    /// Does one run by calling `handler`, and passes on what it returns or throws.
    func run(
        _ delivery: Delivery, of subscription: HubProbeSource,
        _ handler: @Sendable () async throws -> [ForwardedMessage]
    ) async throws -> [ForwardedMessage]
    /// A run failed, and this is what becomes of its delivery.
    func failed(_ delivery: Delivery, of subscription: HubProbeSource, _ failure: Failure, _ decision: RunDecision)
    /// A dead letter is where it belongs, or was left to the broker.
    func deadLettered(_ delivery: Delivery, of subscription: HubProbeSource, _ reason: DeadLetter.Reason)
}

/// Which subscription a probe is told of.
package struct HubProbeSource: Hashable, Sendable {
    /// The topic, or the pattern of the route.
    package let label: String
    /// As what.
    package let kind: DestinationKind
    /// At which broker.
    package let broker: BrokerName
    /// The group of a stream.
    package let group: GroupName?
    /// Tells subscriptions apart that agree in all of that.
    package let number: Int
}

extension HubEnvironment {
    /// What jitter is drawn with.
    var random: @Sendable () -> Double {
        if let door { return door.random }
        return { .random(in: 0..<1) }
    }
    /// The clock of what waits for company.
    var gatherTime: any TimeSource { door?.gatherTime ?? SystemTime.shared }
}

extension DeliveryRunner.Handler {
    /// The same, each run by way of a probe.
    func watched(by probe: any HubProbe, as source: HubProbeSource) -> Self {
        switch self {
        case .plain(let handle):
            return .plain { delivery in
                _ = try await probe.run(delivery, of: source) { () async throws -> [ForwardedMessage] in
                    try await handle(delivery)
                    return []
                }
            }
        case .forwarding(let handle):
            return .forwarding { delivery in
                try await probe.run(delivery, of: source) { try await handle(delivery) }
            }
        }
    }
}
