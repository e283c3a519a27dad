public import Messaging
public import MessagingHub
import MessagingReliability

/// What the conformance suite needs of a broker under test: seven lines for most backends.
///
/// One harness is one server. Its brokers may be used by other runs at the same time: names never collide.
public protocol ConformanceHarness: Sendable {
    /// What is tested, for reports.
    var name: String { get }
    /// The clock of the brokers. Default: the machine's.
    var time: any TimeSource { get }
    /// How long a call or an expected message may take before it is called a hang. Default: 10 s.
    var patience: Duration { get }
    /// How long the broker takes to hand out again what a dead consumer held. Default: 1 s.
    var redeliveryTimeout: Duration { get }
    /// A broker that is not connected yet: a process of its own to the server.
    func launch() async throws -> LaunchedBroker
    /// What the hub of a scenario is told, with changes of the harness's own. Default: none.
    func configured(_ configuration: HubConfiguration) -> HubConfiguration
    /// The sinks of the hub of a scenario, with changes of the harness's own. Default: none.
    func watched(_ environment: HubEnvironment) -> HubEnvironment
    /// The interval in which client and server tell each other that they are there. Of a connection that is silent both
    /// sides know within two of them. Default: 1 s.
    var heartbeat: Duration { get }
    /// The process of the server; nil where the harness has no hold of it.
    var server: (any BrokerProcess)? { get }
    /// A harness like this one, with a server of its own whose clock is `clock`; waits are measured on `time` as before.
    /// Default: nil, the clock of the server cannot be moved.
    func onVirtualTime(_ clock: VirtualTime) -> Self?
    /// An empty deduplication store on this clock, to be shared by several hubs. Default: one in memory.
    func deduplicationStore(on time: any TimeSource) -> any DeduplicationStore
    /// What it can do beside making brokers. Default: nothing.
    var surroundings: Surroundings { get }
    /// Why something cannot be done here, and what would help, in a few words: where a scenario is excluded for it, or is
    /// measured in part. Default: what the harness lacks.
    func lack(of need: Scenario.Need) -> String
}

extension ConformanceHarness {
    /// The machine's.
    public var time: any TimeSource { SystemTime.shared }
    /// 10 s.
    public var patience: Duration { .seconds(10) }
    /// 1 s.
    public var redeliveryTimeout: Duration { .seconds(1) }
    /// As it is.
    public func configured(_ configuration: HubConfiguration) -> HubConfiguration { configuration }
    /// As it is.
    public func watched(_ environment: HubEnvironment) -> HubEnvironment { environment }
    /// 1 s.
    public var heartbeat: Duration { .seconds(1) }
    /// None.
    public var server: (any BrokerProcess)? { nil }
    /// One in memory.
    public func deduplicationStore(on time: any TimeSource) -> any DeduplicationStore {
        MemoryDeduplicationStore(on: time)
    }
    /// Nothing.
    public var surroundings: Surroundings { Surroundings() }
    /// What the harness lacks.
    public func lack(of need: Scenario.Need) -> String {
        switch need {
        case .operation(let operation): "the broker does not serve \(operation.rawValue)"
        case .crash: "the harness of \(name) has no hold of its server"
        case .link: "the harness of \(name) cannot disturb a link to its server"
        case .kill: "the harness of \(name) cannot kill a client's process"
        case .foreignClient: "the harness of \(name) has no other client"
        case .obstacle: "the harness of \(name) knows no way in which connecting fails"
        case .processUse: "this system does not tell what a process uses; Linux does"
        }
    }
}

/// A broker, how the process that it stands for is killed, and its link to the server.
public struct LaunchedBroker: Sendable {
    /// The broker.
    public let broker: any MessageBroker
    /// Ends it as SIGKILL would: nothing is flushed, no goodbye is said. Nil where the harness cannot.
    public let kill: (@Sendable () async -> Void)?
    /// What its connections go through; nil where the harness cannot disturb it.
    public let link: (any BrokerLink)?

    /// This broker, killed so, with this link.
    public init(
        _ broker: any MessageBroker, kill: (@Sendable () async -> Void)? = nil, link: (any BrokerLink)? = nil
    ) {
        self.broker = broker
        self.kill = kill
        self.link = link
    }
}
