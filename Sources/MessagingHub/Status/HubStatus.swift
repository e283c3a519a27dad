/// How a hub process of this user is: what `hub status` prints. Counts are since the hub was made.
public struct HubStatus: Codable, Hashable, Sendable {
    /// What is promised for a route, or for a subscription of the configuration.
    public struct Promised: Codable, Hashable, Sendable {
        /// Its name.
        public var name: String
        /// How often a message is handled, or arrives: `at-least-once`.
        public var guarantee: String
        /// Whether that ends with the process.
        public var endsWithProcess: Bool
        /// Which messages keep their order: `none`, `key`, `all`.
        public var order: String
        /// What is asked for, where less is promised, as a server has said since the start; nil where it is as asked.
        public var asked: String?
    }

    /// A broker.
    public struct Broker: Codable, Hashable, Sendable {
        /// Its name.
        public var name: String
        /// Its type.
        public var type: String
        /// `connected`, `degraded`, `disconnected`, `closed`; `unknown` before it was asked.
        public var state: String
        /// Why it is so, where there is something to say.
        public var reason: String?
    }

    /// The process.
    public var pid: Int32
    /// When the process was started, in the kernel's ticks since the machine was; nil where nobody tells. With the pid, what
    /// no other process has.
    public var processStart: UInt64?
    /// Which of several hubs of the process it is.
    public var number: Int
    /// The command: `demo`, `run`, or a program's own name.
    public var command: String
    /// The configuration's file; nil where there is none.
    public var configuration: String?
    /// `starting`, `running` or `stopping`.
    public var state: String
    /// When the hub was started.
    public var since: String
    /// When this was written.
    public var written: String
    /// For how many seconds it has run.
    public var uptime: Double
    /// Messages whose publish was confirmed in the last second.
    public var publishedPerSecond: Double
    /// Deliveries whose handler returned in the last second.
    public var handledPerSecond: Double
    /// Messages whose publish was confirmed.
    public var published: Int
    /// Deliveries whose handler returned.
    public var handled: Int
    /// Runs that failed.
    public var failed: Int
    /// Failed runs that are followed by another one.
    public var retried: Int
    /// Messages that went to a dead-letter destination.
    public var deadLettered: Int
    /// What is held of its destinations, by whomever; nil where no broker can tell.
    public var inFlight: Int?
    /// What waits in its destinations; nil where no broker can tell.
    public var lag: Int?
    /// The routes, by name; 1,000 at most.
    public var routes: [Promised]
    /// The subscriptions of the configuration, by name; 1,000 at most.
    public var subscriptions: [Promised]
    /// The brokers, by name.
    public var brokers: [Broker]
}
