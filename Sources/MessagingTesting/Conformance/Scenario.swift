public import Messaging

/// One thing that every broker must do: a line of the conformance suite.
public struct Scenario: Sendable {
    /// What a scenario is run against.
    public enum Level: String, Hashable, Sendable {
        /// A bare broker: the floor that every backend must meet.
        case seam
        /// The hub's policies on top of it.
        case hub
    }

    /// What a harness may not be able to do.
    public enum Need: Hashable, Sendable {
        /// The broker serves this operation for the kind.
        case operation(BrokerCapabilities.Operation)
        /// The harness has hold of the server's process.
        case crash
        /// The harness can disturb the link of a client to the server.
        case link
        /// The harness can kill a client's process.
        case kill
        /// The harness can publish with a client that is not ours.
        case foreignClient
        /// The harness knows a way in which connecting fails.
        case obstacle
        /// The system tells what this process has open, runs and keeps.
        case processUse
    }

    /// Its number in the list of scenarios. One number may have a part at the seam and one at the hub.
    public let number: Int
    /// What must hold, in one sentence: its name.
    public let sentence: String
    /// What goes wrong where it does not hold: for the documentation.
    public let why: String
    /// The kinds that it runs for.
    public let kinds: [DestinationKind]
    /// What it is run against.
    public let level: Level
    /// Without these it is excluded, and the result says why.
    public let needs: [Need]
    package let body: @Sendable (ScenarioContext) async throws -> Void

    package init(
        _ number: Int, _ sentence: String, why: String, _ kinds: DestinationKind..., level: Level = .seam,
        needs: [Need] = [],
        body: @escaping @Sendable (ScenarioContext) async throws -> Void
    ) {
        self.init(number, sentence, why: why, of: kinds, level: level, needs: needs, body: body)
    }

    package init(
        _ number: Int, _ sentence: String, why: String, of kinds: [DestinationKind], level: Level = .seam,
        needs: [Need] = [],
        body: @escaping @Sendable (ScenarioContext) async throws -> Void
    ) {
        self.number = number
        self.sentence = sentence
        self.why = why
        self.kinds = kinds
        self.level = level
        self.needs = needs
        self.body = body
    }
}

extension Scenario: CustomStringConvertible {
    /// `31: A publish to …`, with `(hub)` where it is run against the hub.
    public var description: String { "\(number)\(level == .hub ? " (hub)" : ""): \(sentence)" }
}
