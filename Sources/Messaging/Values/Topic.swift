/// The name of a destination: dot-separated tokens, such as `orders.created`.
///
/// A topic is a literal: no empty token, white space, control character or wildcard (`*`, `#`, `>`), at most 249 bytes
/// (Kafka's limit). Patterns are `TopicPattern`s.
///
/// Topics are compared as Swift compares text: `é` as one scalar and as two are one topic in this process, and two
/// names to a broker. Write a name in one form.
public struct Topic: Hashable, Sendable, CustomStringConvertible {
    /// The longest name that every broker can carry, in bytes of UTF-8.
    public static let maximumBytes = 249

    /// The name.
    public let name: String

    /// A topic of this name; `.invalidArgument` with what is wrong in it otherwise.
    public init(_ name: String) throws(BrokerError) {
        if let problem = Topic.problem(in: name) {
            throw BrokerError(.invalidArgument, "topic \(name.quoted) \(problem)")
        }
        self.name = name
    }

    package init(unchecked name: String) { self.name = name }

    /// The name.
    public var description: String { name }

    /// The tokens between the dots.
    public var tokens: [Substring] { name.dotSeparated }

    /// The topic with a further token: `orders` and `dead` give `orders.dead`.
    public func appending(_ token: String) throws(BrokerError) -> Topic { try Topic("\(name).\(token)") }

    /// What is wrong with a name, to be read after the name itself; nil when it is a topic.
    public static func problem(in name: String) -> String? {
        if name.isEmpty { return "is empty; name it, for example orders.created" }
        if name.utf8.count > maximumBytes {
            return "has \(name.utf8.count) bytes; at most \(maximumBytes) are allowed, shorten it"
        }
        var (isTokenEmpty, hasEmptyToken) = (true, false)
        for scalar in name.unicodeScalars {
            if scalar == "*" || scalar == "#" || scalar == ">" {
                return "contains the wildcard \(scalar); a literal topic has none, subscribe to a pattern instead"
            }
            if let problem = problem(in: scalar) { return problem }
            if scalar == ".", isTokenEmpty { hasEmptyToken = true }
            isTokenEmpty = scalar == "."
        }
        if hasEmptyToken || isTokenEmpty { return "has an empty token; remove the leading, trailing or doubled dot" }
        return nil
    }

    private static func problem(in scalar: Unicode.Scalar) -> String? {
        // Unicode's tables are asked of what is not printable ASCII, because a topic is checked often.
        if scalar > " ", scalar < "\u{7F}" { return nil }
        if scalar.properties.isWhitespace { return "contains white space; separate words by a dot or a hyphen" }
        guard scalar.properties.generalCategory == .control else { return nil }
        return "contains the control character U+\(scalar.hexadecimal); remove it"
    }
}

extension Topic: ExpressibleByStringLiteral {
    /// The topic of a literal. Nothing traps: an invalid name is refused, by name, by the first call that uses it.
    public init(stringLiteral value: String) { name = value }
}

extension Topic {
    /// What is wrong with this topic, which a literal may have; nil when it is good.
    public var problem: BrokerError? {
        Topic.problem(in: name).map { BrokerError(.invalidArgument, "topic \(name.quoted) \($0)") }
    }
}

/// A topic whose bodies are of one type: `TypedTopic<Order>("orders")`. Publishing another type does not compile.
///
/// It is no literal: in `publish(Bill(), to: "orders")` the literal would take on whatever type the value has. The type is
/// said once, where the topic gets its name.
public struct TypedTopic<Value: Sendable>: Hashable, Sendable {
    /// The topic itself.
    public let topic: Topic

    /// Gives a topic its type. `TypedTopic<Order>(try Topic(name))` checks a name that is not a literal.
    public init(_ topic: Topic) { self.topic = topic }
}

extension Unicode.Scalar {
    fileprivate var hexadecimal: String {
        let digits = String(value, radix: 16, uppercase: true)
        return String(repeating: "0", count: max(0, 4 - digits.count)) + digits
    }
}

extension Unicode.Scalar {
    /// Whether it shows nothing, or changes how its neighbours are shown: a control, U+202E that turns the line around.
    package var isInvisible: Bool {
        if value < 0x80 { return value < 0x20 || value == 0x7F }
        return switch properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator, .privateUse, .unassigned: true
        default: false
        }
    }
}

extension String {
    /// The pieces between the dots. A dot is a byte, as it is to the brokers, also before a combining mark.
    var dotSeparated: [Substring] {
        utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false).map { Substring($0) }
    }

    /// The text in quotation marks, what shows nothing escaped, cut at 80 characters: for error messages.
    package var quoted: String {
        var text = ""
        for scalar in unicodeScalars.prefix(80) { text += scalar.escaped(asASCII: scalar.isInvisible) }
        return "\"\(text)\(unicodeScalars.count > 80 ? "…" : "")\""
    }
}
