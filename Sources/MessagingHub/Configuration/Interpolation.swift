/// Replaces `${VAR}`, `${VAR:-default}` and `${VAR:?message}` in texts; `$$` is a literal `$`.
///
/// A default may contain variables in its turn. A variable that is empty counts as not set where a default or a message
/// is given. What a variable contains is not looked into.
struct Interpolation: Sendable {
    /// Why a text cannot be completed. The values of variables are not in it.
    struct Problem: Error, Hashable, Sendable {
        var sentence: String
        var variables: [String] = []
    }

    private let environment: [String: String]
    private let limit: Int
    private static let deepest = 8

    /// Replaces by these variables; a result over `limit` bytes is a problem.
    init(_ environment: [String: String], limit: Int = 64 << 10) {
        self.environment = environment
        self.limit = limit
    }

    /// The completed text, and the variables that it was made from.
    func apply(to text: String) throws(Problem) -> (text: String, variables: [String]) {
        if !text.utf8.contains(UInt8(ascii: "$")) { return (text, []) }
        var variables: [String] = []
        let result = try replace(text[...], depth: 0, &variables)
        return (result, variables)
    }

    /// The completed broker URL. A variable that stands for the password, or a part of it, is taken as it is, so that it
    /// may have any characters in it; elsewhere it is a piece of the URL.
    func apply(toURL text: String) throws(Problem) -> (text: String, variables: [String]) {
        var variables: [String] = []
        let query = try Self.first("?", in: text[...]) ?? text.endIndex
        var result = ""
        if let password = try Self.password(in: text) {
            result += try replace(text[..<password.lowerBound], depth: 0, &variables)
            result += try replace(text[password], depth: 0, encodes: true, &variables)
            result += try replace(text[password.upperBound..<query], depth: 0, &variables)
        } else {
            result += try replace(text[..<query], depth: 0, &variables)
        }
        var rest = text[query...]
        while !rest.isEmpty {
            let next = try Self.first("&", in: rest.dropFirst()) ?? rest.endIndex
            let pair = rest[..<next]
            let value = try Self.first("=", in: pair).map { pair.index(after: $0) } ?? pair.endIndex
            result += try replace(pair[..<value], depth: 0, &variables)
            result += try replace(pair[value...], depth: 0, encodes: true, &variables)
            rest = rest[next...]
        }
        return (result, variables)
    }

    /// The first place of a character that is in no variable.
    private static func first(_ character: Character, in text: Substring) throws(Problem) -> String.Index? {
        var index = text.startIndex
        while index < text.endIndex {
            if text[index...].hasPrefix("${") {
                index = try end(of: text[text.index(after: index)...])
            } else if text[index] == character {
                return index
            }
            index = text.index(after: index)
        }
        return nil
    }

    /// The password of a broker URL whose variables are not replaced yet; nil where it has none.
    private static func password(in text: String) throws(Problem) -> Range<String.Index>? {
        guard let start = text.firstRange(of: "://")?.upperBound else { return nil }
        var (colon, at): (String.Index?, String.Index?)
        var index = start
        while index < text.endIndex, !"/?".contains(text[index]) {
            if text[index...].hasPrefix("${") {
                index = try end(of: text[text.index(after: index)...])
            } else if text[index] == ":" {
                colon = colon ?? index
            } else if text[index] == "@" {
                at = index
            }
            index = text.index(after: index)
        }
        guard let colon, let at, colon < at else { return nil }
        return text.index(after: colon)..<at
    }

    private func replace(
        _ text: Substring, depth: Int, encodes: Bool = false, _ variables: inout [String]
    ) throws(Problem) -> String {
        if depth > Self.deepest {
            throw Problem(
                sentence: "has defaults in defaults, deeper than \(Self.deepest) levels", variables: variables)
        }
        var result = ""
        var rest = text
        while let dollar = rest.firstIndex(of: "$") {
            result += rest[..<dollar]
            rest = rest[rest.index(after: dollar)...]
            if rest.hasPrefix("$") {
                result += "$"
                rest = rest.dropFirst()
            } else if rest.hasPrefix("{") {
                let end = try Self.end(of: rest)
                let value = try value(rest[..<end].dropFirst(), depth: depth, &variables)
                result += encodes ? BrokerURL.encoded(value) : value
                rest = rest[end...].dropFirst()
            } else {
                result += "$"
            }
            if result.utf8.count > limit {
                throw Problem(sentence: "has over \(limit) bytes once its variables are replaced", variables: variables)
            }
        }
        return result + rest
    }

    /// The place of the brace that closes the one at the beginning.
    private static func end(of text: Substring) throws(Problem) -> Substring.Index {
        var depth = 0
        var previous: Character = " "
        for index in text.indices {
            let character = text[index]
            if character == "{", depth == 0 || previous == "$" { depth += 1 }
            if character == "}" { depth -= 1 }
            if depth == 0 { return index }
            previous = character
        }
        throw Problem(sentence: "has ${ without its }; close it, or write $$ for a dollar sign")
    }

    private func value(_ expression: Substring, depth: Int, _ variables: inout [String]) throws(Problem) -> String {
        let name = String(expression.prefix { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "_") })
        let rest = expression.dropFirst(name.count)
        guard !name.isEmpty, name.first?.isNumber == false, rest.isEmpty || rest.hasPrefix(":-") || rest.hasPrefix(":?")
        else {
            let forms = "${NAME}, ${NAME:-default} or ${NAME:?message}"
            throw Problem(sentence: "has a ${…} that is not a variable; write \(forms), or $$ for a dollar sign")
        }
        variables.append(name)
        let set = environment[name]
        if rest.isEmpty {
            if let set { return set }
            let remedy = "set it, or give a default: ${\(name):-…}"
            throw Problem(sentence: "variable \(name) is not set and has no default; \(remedy)", variables: variables)
        }
        if let set, !set.isEmpty { return set }
        let given = rest.dropFirst(2)
        if rest.hasPrefix(":-") { return try replace(given, depth: depth + 1, &variables) }
        let message = given.isEmpty ? "set it" : String(given)
        throw Problem(sentence: "variable \(name) is not set: \(message)", variables: variables)
    }
}
