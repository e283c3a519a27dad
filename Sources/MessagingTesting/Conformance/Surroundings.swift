public import Messaging

/// What a harness can do around its brokers, beside making them. What is nil or empty it cannot: the scenarios that need
/// it are excluded, or say in their result what they have not measured.
public struct Surroundings: Sendable {
    /// Counts what the server has, by name: `connections` and whatever else must not be left behind (`queues`,
    /// `groups`, `consumers`). Other runs on the same server may be counted too.
    public var inventory: (@Sendable () async throws -> [String: Int])?
    /// Publishes with a client that knows nothing of the hub: this body, and these headers in the broker's own way.
    /// Returns when the server has it.
    public var publishForeign: (@Sendable (Body, Headers, Destination) async throws -> Void)?
    /// Takes away the permission of the brokers under test to receive from a destination (false), or gives it back (true).
    public var permitReceiving: (@Sendable (Bool, Destination) async throws -> Void)?
    /// Ways in which connecting fails.
    public var obstacles: [ConnectionObstacle]

    /// Surroundings in which this can be done. Default: nothing.
    public init(
        inventory: (@Sendable () async throws -> [String: Int])? = nil,
        publishForeign: (@Sendable (Body, Headers, Destination) async throws -> Void)? = nil,
        permitReceiving: (@Sendable (Bool, Destination) async throws -> Void)? = nil,
        obstacles: [ConnectionObstacle] = []
    ) {
        self.inventory = inventory
        self.publishForeign = publishForeign
        self.permitReceiving = permitReceiving
        self.obstacles = obstacles
    }
}

/// A way in which connecting fails.
public struct ConnectionObstacle: Sendable {
    /// What stands where the broker should be.
    public enum Kind: String, Hashable, Sendable, CaseIterable {
        /// Nobody listens there.
        case nothing = "nothing"
        /// Somebody listens and never answers.
        case blackHole = "a black hole"
        /// Somebody speaks something else.
        case otherProtocol = "another protocol"
        /// The broker, which does not know these credentials.
        case wrongCredentials = "a broker with wrong credentials"
        /// A plain server, and TLS is asked for.
        case plainServer = "a plain server with TLS"
        /// A TLS server, and plain is asked for.
        case secureServer = "a TLS server in plain"
    }

    /// What stands where the broker should be.
    public let kind: Kind
    /// How long the broker may take to fail, which is what it is configured with.
    public let timeout: Duration
    /// What no sentence may contain, such as the password.
    public let secrets: [String]
    /// A broker that is not connected yet, and will not be.
    public let launch: @Sendable () async throws -> any MessageBroker
    /// Every byte that has gone out so far, where TLS is required; nil where it is not, or the harness cannot tell.
    public let sent: (@Sendable () async throws -> [UInt8])?

    /// An obstacle of these parts.
    public init(
        _ kind: Kind, timeout: Duration, secrets: [String] = [],
        launch: @escaping @Sendable () async throws -> any MessageBroker,
        sent: (@Sendable () async throws -> [UInt8])? = nil
    ) {
        self.kind = kind
        self.timeout = timeout
        self.secrets = secrets
        self.launch = launch
        self.sent = sent
    }
}
