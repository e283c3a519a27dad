import Messaging

/// A broker URL, `amqp://user:password@host:5672/vhost?prefetch=100`, taken apart. No part of it is in a message: any may
/// be a secret.
struct BrokerURL: Hashable, Sendable {
    /// Why a text is not a broker URL.
    struct Problem: Error, Hashable, Sendable {
        var sentence: String
    }

    private(set) var scheme: String
    private(set) var username: String?
    private(set) var password: String?
    /// The hosts, each with its port where it has one.
    private(set) var hosts: [String]
    /// What follows the first slash; nil where there is nothing.
    private(set) var path: String?
    private(set) var query: [(name: String, value: String)] = []

    init(_ text: String) throws(Problem) {
        guard let separator = text.firstRange(of: "://"), separator.lowerBound > text.startIndex else {
            throw Problem(sentence: "is not a URL; write scheme://host:port/path?option=value")
        }
        scheme = text[..<separator.lowerBound].lowercased()
        var rest = text[separator.upperBound...]
        if rest.contains("#") { throw Problem(sentence: "has a #; write %23 for it") }
        var queryText: Substring?
        var hasAtInPath = false
        if let mark = rest.firstIndex(of: "?") {
            queryText = rest[mark...].dropFirst()
            rest = rest[..<mark]
        }
        if let slash = rest.firstIndex(of: "/") {
            let tail = rest[slash...].dropFirst()
            path = tail.isEmpty ? nil : try Self.decoded(tail)
            hasAtInPath = tail.contains("@")
            rest = rest[..<slash]
        }
        let hasUser = rest.contains("@")
        if let at = rest.lastIndex(of: "@") {
            let parts = rest[..<at].split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
            let name = try Self.decoded(parts[0])
            username = name.isEmpty ? nil : name
            if parts.count > 1 { password = try Self.decoded(parts[1]) }
            rest = rest[at...].dropFirst()
        }
        if hasAtInPath || !hasUser && (queryText ?? "").contains("@") {
            throw Problem(
                sentence: "has an @ behind a / or ?; write %2F and %3F for these in a password, else %40 for @")
        }
        hosts = rest.split(separator: ",").map(String.init)
        if hosts.contains(where: { $0.contains { $0 == "%" || $0.isWhitespace } }) {
            throw Problem(sentence: "has a host that is neither a name nor an address")
        }
        for pair in (queryText ?? "").split(separator: "&") {
            let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            let name = try Self.decoded(parts[0])
            if parts.count < 2 { throw Problem(sentence: "has an option without a value; write ?option=value") }
            if query.contains(where: { $0.name == name }) {
                throw Problem(sentence: "sets an option twice; set it once")
            }
            query.append((name, try Self.decoded(parts[1])))
        }
    }

    static func == (left: BrokerURL, right: BrokerURL) -> Bool {
        left.scheme == right.scheme && left.username == right.username && left.password == right.password
            && left.hosts == right.hosts && left.path == right.path
            && left.query.elementsEqual(right.query) { $0 == $1 }
    }

    func hash(into hasher: inout Hasher) {
        hasher.combine(scheme)
        hasher.combine(hosts)
    }

    /// The one host and its port; nil where there are several, or none.
    var endpoint: (host: String, port: String?)? {
        guard hosts.count == 1, let text = hosts.first else { return nil }
        if text.hasPrefix("["), let end = text.firstIndex(of: "]") {
            let tail = text[end...].dropFirst()
            let host = String(text[..<end].dropFirst())
            return (host, tail.hasPrefix(":") ? String(tail.dropFirst()) : nil)
        }
        let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        return (String(parts[0]), parts.count > 1 ? String(parts[1]) : nil)
    }

    /// Whether a host has no port, or one that is a number.
    static func hasPlainPort(_ host: String) -> Bool {
        let behind = host.hasPrefix("[") ? host[(host.lastIndex(of: "]") ?? host.startIndex)...] : host[...]
        guard let colon = behind.firstIndex(of: ":") else { return true }
        let port = behind[colon...].dropFirst()
        return !port.isEmpty && port.allSatisfy { $0.isASCII && $0.isNumber }
    }

    /// What names the broker in logs and reports: the URL without user, password and options.
    var name: BrokerName {
        let place = path.map { "/" + Self.encoded($0, but: "/") } ?? ""
        return BrokerName("\(scheme)://\(hosts.joined(separator: ","))\(place)")
    }

    /// A text that stands for itself in any part of a URL; what is in `kept` stays as it is.
    static func encoded(_ text: String, but kept: String = "") -> String {
        text.utf8.map { byte in
            let scalar = Character(Unicode.Scalar(byte))
            let isPlain = scalar.isASCII && (scalar.isLetter || scalar.isNumber || "-._~".contains(scalar))
            if isPlain || kept.contains(scalar) { return String(scalar) }
            let digits = String(byte, radix: 16, uppercase: true)
            return digits.count < 2 ? "%0\(digits)" : "%\(digits)"
        }.joined()
    }

    /// `%2F` and its like replaced.
    private static func decoded(_ text: Substring) throws(Problem) -> String {
        var bytes: [UInt8] = []
        var rest = text.utf8[...]
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "%") else {
                bytes.append(byte)
                continue
            }
            let digits = rest.prefix(2)
            guard digits.count == 2, digits.allSatisfy({ $0 != UInt8(ascii: "+") && $0 != UInt8(ascii: "-") }),
                let value = UInt8(String(Substring(digits)), radix: 16)
            else { throw Problem(sentence: "has a % that is not followed by two digits; write %25 for it") }
            bytes.append(value)
            rest = rest.dropFirst(2)
        }
        guard let result = String(validating: bytes, as: UTF8.self) else {
            throw Problem(sentence: "is not UTF-8 once its % are replaced")
        }
        return result
    }
}
