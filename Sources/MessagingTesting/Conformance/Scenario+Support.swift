package import Messaging

extension Scenario {
    /// What a broker must serve for it, the kind itself first.
    package var operations: [BrokerCapabilities.Operation] {
        [.serve] + needs.compactMap { if case .operation(let operation) = $0 { operation } else { nil } }
    }

    /// The operation that a broker of these capabilities refuses, for which it is excluded, and why; nil: it is run.
    package func refusal(
        for kind: DestinationKind, by capabilities: BrokerCapabilities
    ) -> (operation: BrokerCapabilities.Operation, reason: String)? {
        for operation in operations {
            if case .refused(let reason) = capabilities[kind, operation] { return (operation, reason) }
        }
        return nil
    }

    /// The operations that a broker of these capabilities emulates for it, each with its cost.
    package func emulations(
        for kind: DestinationKind, by capabilities: BrokerCapabilities
    ) -> [(operation: BrokerCapabilities.Operation, cost: String)] {
        operations.compactMap { operation in
            if case .emulated(let cost) = capabilities[kind, operation] { (operation, cost) } else { nil }
        }
    }
}
