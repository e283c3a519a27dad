/// Where the hub counts: the door to any metrics library.
public protocol MetricsSink: Sendable {
    /// The instrument of this name and these labels; asked for once, kept, and used for every message.
    func instrument(_ description: InstrumentDescription) -> any Instrument
}

/// What an instrument measures.
public struct InstrumentDescription: Hashable, Sendable {
    /// How measurements combine.
    public enum Kind: String, Hashable, Sendable {
        /// They add up.
        case counter
        /// The last one counts.
        case gauge
        /// Their distribution counts.
        case histogram
    }

    /// How measurements combine.
    public var kind: Kind
    /// The name, such as `messaging.client.sent.messages`.
    public var name: String
    /// The unit, by UCUM: `s`, `By`, `{message}`.
    public var unit: String
    /// The labels, of bounded cardinality: never a message id or key.
    public var labels: [String: String]

    /// A description of these parts.
    public init(_ kind: Kind, _ name: String, unit: String, labels: [String: String] = [:]) {
        self.kind = kind
        self.name = name
        self.unit = unit
        self.labels = labels
    }
}

/// Takes measurements.
public protocol Instrument: Sendable {
    /// Takes one. Called by one thread of the sink's own, behind a bounded queue: it may be slow. A counter then gets the
    /// sum of what came meanwhile and loses nothing; the values of a histogram that find the queue full are lost, and
    /// counted.
    func record(_ value: Double)
}
