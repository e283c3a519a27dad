package import Messaging

/// How a message is given up: what sends its dead letter, and what accepts the original.
package struct DeadLetterSteps: Sendable {
    /// Both in one settlement; nil where the dead letter goes to another broker.
    package let forward: (@Sendable () async -> SettlementOutcome)?
    /// Publishes the dead letter; returns once it is confirmed, or is not.
    package let publish: @Sendable () async -> SettlementOutcome
    /// Accepts the original.
    package let accept: @Sendable () async -> SettlementOutcome

    /// These steps.
    package init(
        forward: (@Sendable () async -> SettlementOutcome)?, publish: @escaping @Sendable () async -> SettlementOutcome,
        accept: @escaping @Sendable () async -> SettlementOutcome
    ) {
        self.forward = forward
        self.publish = publish
        self.accept = accept
    }

    /// Takes them in the order that loses nothing: the original is accepted only once its dead letter is there.
    package func taken() async -> SettlementOutcome {
        if let forward { return await forward() }
        let sent = await publish()
        return sent == .settled ? await accept() : sent
    }
}
