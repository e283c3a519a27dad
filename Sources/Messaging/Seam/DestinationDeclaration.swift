/// What must exist at a broker: a destination, its groups and what is needed of it.
public struct DestinationDeclaration: Hashable, Sendable {
    /// Where messages of the destination go that their handlers give up.
    public enum DeadLetters: Hashable, Sendable {
        /// The hub forwards them; the broker deletes what is discarded.
        case hub
        /// The broker sends them to this destination when they are discarded, or expire.
        case broker(Destination)
        /// Nobody: what is discarded is deleted.
        case none

        /// Where the broker sends what is discarded, or expires; nil where it sends nothing.
        package var destination: Destination? { if case .broker(let destination) = self { destination } else { nil } }
    }

    /// What a full destination does with a publish.
    public enum WhenFull: String, Hashable, Sendable, CaseIterable {
        /// It waits for room, up to the deadline.
        case wait
        /// It is refused with `.resourceExhausted`.
        case refuse
    }

    /// Which messages keep their order.
    public enum Order: String, Hashable, Sendable, CaseIterable {
        /// None in particular once something is retried or shared.
        case none
        /// Those of one key: on a queue, a single active consumer; on a stream, one member per key.
        case perKey = "key"
        /// All of them, whatever their keys: a single active consumer of the queue, or one member of each group.
        case all
    }

    /// What must exist.
    public var destination: Destination
    /// The groups of a stream, by name.
    public var groups: [GroupName: Group]
    /// Topics whose messages this queue or stream receives too: pattern after pattern, on the same broker.
    public var bindings: [TopicPattern]
    /// Which messages keep their order. Default: none.
    public var order: Order
    /// The highest priority that is asked for. Default: 0, that is, none.
    public var maximumPriority: UInt8
    /// The longest delay that is asked for. Default: none.
    public var longestDelay: Duration?
    /// How long a stream keeps what was read. Default: as long as there is room.
    ///
    /// Of a queue: how long a message waits in it. What has waited for so long expires as if its own time to live were over, which
    /// it is where that is shorter. The time begins when it comes into the queue, with a delay once it is due, and after a retry
    /// anew. What is held does not expire, but is not handed out again once its time is over. What expires in a queue, whoever
    /// said when, goes where the broker dead-letters, for the reason `expired`; where it does not, it is gone and is counted
    /// in `health`. Default: it waits until it is handled.
    public var retention: Duration?
    /// How many messages it holds. Default: what the broker is set to.
    public var maximumMessages: Int?
    /// How many bytes it holds. Default: what the broker is set to.
    public var maximumBytes: Int?
    /// What a full destination does. Default: publish waits.
    public var whenFull: WhenFull
    /// Whether it outlives the broker's process. Default: it does.
    public var durable: Bool
    /// Who dead-letters. Default: the hub.
    public var deadLetters: DeadLetters

    /// A declaration of this destination, every need at its default.
    public init(_ destination: Destination) {
        self.destination = destination
        groups = [:]
        bindings = []
        order = .none
        maximumPriority = 0
        longestDelay = nil
        retention = nil
        maximumMessages = nil
        maximumBytes = nil
        whenFull = .wait
        durable = true
        deadLetters = .hub
    }

    /// A group of a stream.
    public struct Group: Hashable, Sendable {
        /// Where it begins, only where it does not exist yet. Default: at the earliest message.
        public var start: StartPosition
        /// Which messages it sees. Default: all.
        public var filter: HeaderFilter?

        /// A group that starts here and sees these.
        public init(start: StartPosition = .earliest, filter: HeaderFilter? = nil) {
            self.start = start
            self.filter = filter
        }
    }
}

/// Where reading a stream begins.
public enum StartPosition: Hashable, Sendable {
    /// With the first message there is.
    case earliest
    /// With the first message that is published from now on.
    case latest
    /// With this message.
    case position(Position)
    /// With the first message that the broker appended at this moment or later.
    case time(Timestamp)
}

/// Which messages a group sees: those that have all, or any, of these header values. Values are compared by their bytes,
/// as brokers do.
public struct HeaderFilter: Hashable, Sendable {
    /// How several conditions combine.
    public enum Match: String, Hashable, Sendable, CaseIterable {
        /// All of them hold.
        case all
        /// At least one of them holds.
        case any
    }

    /// How several conditions combine.
    public var match: Match
    /// The value that each of these headers must have, among its values.
    public var values: [HeaderName: String]

    /// A filter on all of these values.
    public init(_ values: [HeaderName: String]) { self.init(.all, values) }

    /// A filter on these values. Without any, `.all` lets everything through and `.any` nothing.
    public init(_ match: Match, _ values: [HeaderName: String]) {
        self.match = match
        self.values = values
    }

    /// Whether a message with these headers passes.
    public func matches(_ headers: Headers) -> Bool {
        func holds(_ condition: (key: HeaderName, value: String)) -> Bool {
            headers.fields.contains {
                $0.name == condition.key && $0.value.text?.utf8.elementsEqual(condition.value.utf8) == true
            }
        }
        return match == .all ? values.allSatisfy(holds) : values.contains(where: holds)
    }

    /// Equal when the same messages pass, whatever the case of a name.
    public static func == (left: HeaderFilter, right: HeaderFilter) -> Bool {
        left.match == right.match && left.values.count == right.values.count
            && left.values.allSatisfy { right.values[$0.key]?.utf8.elementsEqual($0.value.utf8) == true }
    }
}
