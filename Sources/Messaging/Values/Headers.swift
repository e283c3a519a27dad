/// The headers of a message: names with values, in their order, names repeated or not.
///
/// **Case rule:** names are written to the wire as they were given and looked up without regard to ASCII case, on
/// every broker. `subscript` and `removeAll` see every spelling of a name.
public struct Headers: Hashable, Sendable {
    /// One header.
    public struct Field: Hashable, Sendable {
        /// The name, as it was written.
        public var name: HeaderName
        /// The value.
        public var value: HeaderValue

        /// A header with this name and value.
        public init(_ name: HeaderName, _ value: HeaderValue) {
            self.name = name
            self.value = value
        }
    }

    /// The headers in their order.
    public var fields: [Field]

    /// These headers, in this order.
    @inlinable public init(_ fields: [Field] = []) { self.fields = fields }

    /// Whether there are none.
    @inlinable public var isEmpty: Bool { fields.isEmpty }

    /// How many there are, repeated names counted each time.
    @inlinable public var count: Int { fields.count }

    /// The first value of a name as text; nil when the name is missing or its value is not UTF-8.
    /// Setting replaces every value of the name by one, or removes the name.
    public subscript(name: HeaderName) -> String? {
        get { fields.first { $0.name == name }?.value.text }
        set {
            let index = fields.firstIndex { $0.name == name }
            removeAll(name)
            guard let newValue else { return }
            fields.insert(Field(name, .text(newValue)), at: min(index ?? fields.count, fields.count))
        }
    }

    /// Every value of a name, in their order.
    public func values(of name: HeaderName) -> [HeaderValue] {
        fields.filter { $0.name == name }.map(\.value)
    }

    /// Adds a header behind the others, also where the name is there already.
    public mutating func append(_ name: HeaderName, _ value: HeaderValue) { fields.append(Field(name, value)) }

    /// Removes every header of this name.
    public mutating func removeAll(_ name: HeaderName) {
        if fields.contains(where: { $0.name == name }) { fields.removeAll { $0.name == name } }
    }
}

extension Headers: ExpressibleByDictionaryLiteral {
    /// These headers, in the order of the literal.
    public init(dictionaryLiteral elements: (HeaderName, HeaderValue)...) {
        self.init(elements.map { Field($0.0, $0.1) })
    }
}

/// The name of a header. Names that differ in ASCII case alone are equal.
public struct HeaderName: Hashable, Sendable, ExpressibleByStringLiteral, CustomStringConvertible {
    /// The name, as it was written.
    public let text: String

    /// This name. Nothing is refused here: what a broker can carry is in its `BrokerLimits`.
    public init(_ text: String) { self.text = text }

    /// This name.
    public init(stringLiteral value: String) { text = value }

    /// The name, as it was written.
    public var description: String { text }

    /// Equal without regard to ASCII case.
    public static func == (left: HeaderName, right: HeaderName) -> Bool {
        if left.text.utf8.count != right.text.utf8.count { return false }
        return left.text.utf8.elementsEqual(right.text.utf8) { lowered($0) == lowered($1) }
    }

    /// Hashes the name in lower case.
    public func hash(into hasher: inout Hasher) {
        for byte in text.utf8 { hasher.combine(Self.lowered(byte)) }
    }

    private static func lowered(_ byte: UInt8) -> UInt8 { byte >= 0x41 && byte <= 0x5A ? byte | 0x20 : byte }
}

/// The value of a header: text, or bytes that are not text. Text is equal when its bytes are: `é` as one scalar is not
/// `é` as two.
public enum HeaderValue: Hashable, Sendable, ExpressibleByStringLiteral, CustomStringConvertible {
    /// UTF-8 text.
    case text(String)
    /// Bytes, for brokers whose headers are bytes; refused where headers are text.
    case bytes([UInt8])

    /// Text.
    public init(stringLiteral value: String) { self = .text(value) }

    /// Equal when both are text, or both bytes, of the same bytes.
    public static func == (left: HeaderValue, right: HeaderValue) -> Bool {
        switch (left, right) {
        case (.text(let left), .text(let right)): left.utf8.elementsEqual(right.utf8)
        case (.bytes(let left), .bytes(let right)): left == right
        default: false
        }
    }

    /// The value as text; nil when it is bytes that are not valid UTF-8.
    public var text: String? {
        switch self {
        case .text(let text): text
        case .bytes(let bytes): String(validating: bytes, as: UTF8.self)
        }
    }

    /// The size on the wire.
    public var byteCount: Int {
        switch self {
        case .text(let text): text.utf8.count
        case .bytes(let bytes): bytes.count
        }
    }

    /// The text, or the number of bytes.
    public var description: String { text ?? "\(byteCount) bytes" }
}

extension HeaderName {
    /// How often a message was copied for a retry; ours, removed when an application publishes.
    public static let attempt: HeaderName = "hub-attempt"
    /// Why a message was dead-lettered: `exhausted`, `rejected`, `undecodable` or `crashed`.
    public static let deadLetterReason: HeaderName = "hub-dead-letter-reason"
    /// The topic from which a message was dead-lettered.
    public static let deadLetterOrigin: HeaderName = "hub-dead-letter-origin"
    /// The kind of the destination from which a message was dead-lettered.
    public static let deadLetterKind: HeaderName = "hub-dead-letter-kind"
    /// The attempt at which a message was dead-lettered.
    public static let deadLetterAttempt: HeaderName = "hub-dead-letter-attempt"
    /// The sentence of the last error before a message was dead-lettered.
    public static let deadLetterError: HeaderName = "hub-dead-letter-error"
    /// When a message failed first, as RFC 3339 in UTC.
    public static let deadLetterFirstFailure: HeaderName = "hub-dead-letter-first-failure"
    /// When a message failed last, as RFC 3339 in UTC.
    public static let deadLetterLastFailure: HeaderName = "hub-dead-letter-last-failure"
}
