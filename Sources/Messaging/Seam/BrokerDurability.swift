/// How long a broker keeps what it has confirmed, as far as its server could be asked.
public struct BrokerDurability: Hashable, Sendable {
    /// What ends what was confirmed.
    public enum Extent: Int, Hashable, Sendable, CaseIterable {
        /// The end of this process.
        case process
        /// The end of the server's process.
        case server
        /// Nothing that a restart would mend: it is on a disk.
        case disk
    }

    /// What ends it.
    public var extent: Extent
    /// What says so, in a sentence without a full stop: `appendonly is no`.
    public var reason: String
    /// What to change so that it is kept for longer; empty where there is nothing.
    public var remedy: String

    /// What was confirmed is kept until this ends it, for this reason.
    public init(until extent: Extent, _ reason: String, remedy: String = "") {
        self.extent = extent
        self.reason = reason
        self.remedy = remedy
    }

    /// What two brokers keep between them: what the weaker keeps.
    public func shared(with other: BrokerDurability) -> BrokerDurability {
        other.extent.rawValue < extent.rawValue ? other : self
    }
}
