import Messaging

/// What a hub is told of its own requests.
public struct RequestConfiguration: Hashable, Sendable {
    /// How many requests may wait for their replies; a further one is refused with `.resourceExhausted`. Default: 10,000.
    public var maximumPending = Self.maximumPendingOption.defaultValue

    /// The defaults.
    public init() {}

    static let maximumPendingOption = Option(
        "max-pending", default: 10_000, in: 1...1_000_000,
        "how many requests may wait for their replies; a further one is refused"
    ).unit("requests")

    static let options = BoundOptions<RequestConfiguration>([
        OptionBinding(maximumPendingOption, \.maximumPending)
    ])
}
