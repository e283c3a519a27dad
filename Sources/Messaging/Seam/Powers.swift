/// The power to look at, empty and delete destinations.
public protocol TopologyAdministration: Sendable {
    /// How much waits in a destination, for a group where it is a stream.
    func depth(of destination: Destination, group: GroupName?) async throws(BrokerError) -> DestinationDepth
    /// Removes what waits in a queue and nothing that is held; how many. What waits for its time stays where the capability
    /// `delayCount` is refused.
    func purge(_ destination: Destination) async throws(BrokerError) -> Int
    /// Deletes a destination with what is in it; its consumers end with `.deleted`.
    func delete(_ destination: Destination) async throws(BrokerError)
    /// Deletes a group of a stream: its position, and what it knows of each message. Its consumers end with `.deleted`, and
    /// the other groups go on. Default: `.unsupported`.
    func delete(_ group: GroupName, of destination: Destination) async throws(BrokerError)
}

extension TopologyAdministration {
    /// `.unsupported`: the group stays as it is.
    public func delete(_ group: GroupName, of destination: Destination) async throws(BrokerError) {
        let sentence = "group \(group) of \(destination) stays, because this broker deletes no group; delete the stream"
        throw BrokerError(.unsupported, sentence)
    }
}

/// How much is in a destination.
public struct DestinationDepth: Hashable, Sendable {
    /// Messages that wait; for a group, those it has not been handed yet. Delayed ones are among them, but perhaps not where
    /// the capability `delayCount` is refused.
    public var waiting: Int
    /// Messages that are held; nil where the broker cannot tell, and the capability `heldCount` is refused.
    public var held: Int?
    /// Consumers that are alive.
    public var consumers: Int
    /// When the oldest waiting message arrived, where the broker can tell.
    public var oldest: Timestamp?

    /// A depth of these parts.
    public init(waiting: Int, held: Int?, consumers: Int, oldest: Timestamp? = nil) {
        self.waiting = waiting
        self.held = held
        self.consumers = consumers
        self.oldest = oldest
    }
}

/// The power to read a stream from a position, as no member of any group.
public protocol Replaying: Sendable {
    /// A reader that begins here and ends at the end as it is now, or never. A position that is gone throws
    /// `.positionGone`, which says what is the first.
    func reader(
        of destination: Destination, from start: StartPosition, until: Subscription.Until?
    ) async throws(BrokerError) -> any ReplayReader
    /// Where the next message will stand.
    func end(of destination: Destination) async throws(BrokerError) -> Position
}

/// Reads a stream without settling anything.
public protocol ReplayReader: Sendable {
    /// As `MessageConsumer.receive`. What it returns cannot be settled.
    func receive(upTo limit: Int, within wait: Duration) async throws(BrokerError) -> [Delivery]
    /// Ends the reader.
    func cancel() async
}

/// The power to ask and be answered, natively; for the kinds whose capabilities have `request`.
public protocol Requesting: Sendable {
    /// The reply to a request: the first one that was sent to the address that it went out with, which nobody can guess,
    /// and that carries its correlation id, or none where the address is this request's alone.
    ///
    /// `.unavailable` at once when nobody listens, and the message is then not there; `.timeout` when the time is up;
    /// `.cancelled` soon after the task is; `.ended` when the broker is closed. A reply that comes later is nobody's.
    func request(
        _ message: Message, to destination: Destination, within wait: Duration
    ) async throws(BrokerError) -> Message
    /// Sends a reply to the address, `Message.replyTo`, that a request came with. `.noSuchDestination` when the broker
    /// can tell that nobody waits there any more, and for what is no address of its own.
    func reply(_ message: Message, to address: String, within wait: Duration) async throws(BrokerError)
}
