/// What a program registers so that a configuration can name a type of broker.
public struct BrokerFactory: Sendable {
    /// The limits, capabilities and options of the type.
    public let profile: BrokerProfile
    /// Makes a broker; touches no network and starts no thread. Throws `.invalidConfiguration`.
    public let make: @Sendable (BrokerName, OptionValues, BrokerEnvironment) throws(BrokerError) -> any MessageBroker

    /// A factory for the type of this profile.
    public init(
        _ profile: BrokerProfile,
        make: @escaping @Sendable (BrokerName, OptionValues, BrokerEnvironment) throws(BrokerError) -> any MessageBroker
    ) {
        self.profile = profile
        self.make = make
    }
}

/// What a broker gets from the program that makes it.
public struct BrokerEnvironment: Sendable {
    /// Its clock.
    public var time: any TimeSource
    /// Where it logs.
    public var log: any LogSink

    /// These.
    public init(time: any TimeSource = SystemTime.shared, log: any LogSink = NoLog()) {
        self.time = time
        self.log = log
    }
}

/// What is known of a type of broker without its C client: enough to check a configuration, and for the in-memory
/// broker to stand in for it.
public struct BrokerProfile: Sendable {
    /// The word in the configuration.
    public let type: BrokerType
    /// The scheme of its URLs: `amqp`, `kafka`, `redis`, `nats`, `sqlite`, `memory`.
    public let scheme: String
    /// The package trait that must be on for the backend to be in a build; nil: it always is.
    public let trait: String?
    /// The Debian package that the backend needs; nil: none.
    public let package: String?
    /// Its options, each described once.
    public let options: OptionGroup
    /// The most that the backend can do.
    public let capabilities: BrokerCapabilities
    /// What it can carry at most.
    public let limits: BrokerLimits
    private let adapt: @Sendable (BrokerLimits, OptionValues) -> BrokerLimits
    /// What is wrong, or not safe, in values of its options that are good each by itself.
    public let findings: @Sendable (OptionValues) -> [OptionFinding]

    /// A profile of these parts.
    public init(
        type: BrokerType, scheme: String, trait: String? = nil, package: String? = nil, options: OptionGroup,
        capabilities: BrokerCapabilities, limits: BrokerLimits,
        adapting adapt: @escaping @Sendable (BrokerLimits, OptionValues) -> BrokerLimits = { limits, _ in limits },
        findings: @escaping @Sendable (OptionValues) -> [OptionFinding] = { _ in [] }
    ) {
        self.type = type
        self.scheme = scheme
        self.trait = trait
        self.package = package
        self.options = options
        self.capabilities = capabilities
        self.limits = limits
        self.adapt = adapt
        self.findings = findings
    }

    /// What a broker of this type can carry whose options have these values.
    public func limits(with values: OptionValues) -> BrokerLimits { adapt(limits, values) }
}
