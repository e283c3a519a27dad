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
        /// `connected`, `degraded`, `disconnected`, `closed`; `unknown` before it has answered, `silent` while it does not.
        public var state: String
        /// Why it is so, where there is something to say.
        public var reason: String?
    }

    /// The version of this format.
    static let format = 1

    /// The version of the format that it is written in: 1.
    public var version = HubStatus.format
    /// The process, as it is numbered in its PID namespace.
    public var pid: Int32
    /// The boot of the machine that the process runs on; nil where nobody tells.
    public var boot: String?
    /// The inode of the PID namespace in which it has its pid; nil where nobody tells. A container has one of its own.
    public var pidNamespace: UInt64?
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
    /// What is held of its destinations, by whomever, as far as they are counted; nil where no broker can tell.
    public var inFlight: Int?
    /// What waits in its destinations, as far as they are counted; nil where no broker can tell.
    public var lag: Int?
    /// How many destinations it has, each group of a stream being one.
    public var destinations = 0
    /// How many of them are counted in what is held and waits. Each second up to 100 of a broker are asked, in turn.
    public var destinationsCounted = 0
    /// Whether what is held and waits is what was known last: a broker does not answer.
    public var countsAreOld = false
    /// The routes, by name; 1,000 at most.
    public var routes: [Promised]
    /// The subscriptions of the configuration, by name; 1,000 at most.
    public var subscriptions: [Promised]
    /// The brokers, by name.
    public var brokers: [Broker]
}
