/// What becomes of a delivery.
public enum Settlement: Sendable {
    /// It is done, and never comes back.
    case accept
    /// It goes back at once, not counted as an attempt where the broker can tell: a shutdown, a lost hold.
    case release
    /// It comes again with attempt + 1, not before this time has passed; it waits outside the window. Refused with
    /// `.failed(.unsupported)` on an ordered destination.
    case retry(after: Duration, failure: Failure?)
    /// These are published and confirmed, and only then it is accepted. Atomic where the capability says so.
    case forward([Outgoing])
    /// It goes to the broker's own dead-letter destination where one is declared, else it is deleted. Never back.
    case discard(reason: String)
}

/// A message and where it goes, on the same broker.
public struct Outgoing: Sendable {
    /// The message.
    public var message: Message
    /// Where it goes.
    public var destination: Destination

    /// This message, to this destination.
    public init(_ message: Message, to destination: Destination) {
        self.message = message
        self.destination = destination
    }
}

/// How a run failed; travels with the message where a retry is a copy, else this process alone knows it.
public struct Failure: Hashable, Sendable {
    /// The sentence of the last error.
    public var sentence: String
    /// When the last run failed.
    public var time: Timestamp
    /// When the first run failed.
    public var firstTime: Timestamp

    /// A failure; the first one where `firstTime` is not given.
    public init(_ sentence: String, at time: Timestamp, first firstTime: Timestamp? = nil) {
        self.sentence = sentence
        self.time = time
        self.firstTime = firstTime ?? time
    }
}

/// A receipt and what becomes of its delivery.
public struct ReceiptSettlement: Sendable {
    /// Which delivery.
    public var receipt: Receipt
    /// What becomes of it.
    public var settlement: Settlement

    /// Settles the delivery of this receipt so.
    @inlinable public init(_ receipt: Receipt, _ settlement: Settlement) {
        self.receipt = receipt
        self.settlement = settlement
    }
}

/// The answer to one settlement.
public enum SettlementOutcome: Hashable, Sendable {
    /// Written; lost only by a crash within `limits.settleLag`, and after `close` never.
    case settled
    /// Not held any more, also when it was settled before: nothing changed, and nothing was published.
    case stale
    /// The original stays, and this is why.
    case failed(BrokerError)
}
