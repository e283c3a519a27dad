/// A broker as a configuration or a command line gives it: by the name that a configuration has for it, or by its URL.
public struct BrokerReference: Hashable, Sendable {
    /// As it was written. A URL may hold a password: it is not to be shown.
    public let text: String

    /// A reference of this text.
    public init(_ text: String) { self.text = text }

    /// Whether it is a URL, `scheme://…`; else it is a name.
    public var isURL: Bool { text.contains("://") }

    /// Whether a password may be in it, so that it is not to be shown: it is a URL, or was to be one.
    package var mayHoldSecrets: Bool { isURL || text.contains("//") || text.contains("@") }
}

extension BrokerReference: OptionValue {
    /// `a broker's name, or its URL`.
    public static var typeDescription: String { "a broker's name, or its URL" }
    /// A broker.
    public static var optionForm: OptionForm { .broker }
    /// Any text.
    public init?(optionText text: String) { self.init(text) }
    /// As it was written.
    public var optionText: String { text }
}
