/// A value of JSON whose members keep their order, to be written for people.
package indirect enum JSONValue: Hashable, Sendable {
    case null
    case flag(Bool)
    /// A number, as it is written.
    case number(String)
    case text(String)
    case list([JSONValue])
    case object([Member])

    /// A member of an object.
    package struct Member: Hashable, Sendable {
        package let name: String
        package let value: JSONValue

        package init(_ name: String, _ value: JSONValue) {
            self.name = name
            self.value = value
        }
    }

    /// An object without the members that are nil.
    package static func members(_ members: [(String, JSONValue?)]) -> JSONValue {
        .object(members.compactMap { name, value in value.map { Member(name, $0) } })
    }

    /// The texts as a list.
    package static func texts(_ texts: [String]) -> JSONValue { .list(texts.map { .text($0) }) }

    /// The member of this name; nil where it is no object, or has none.
    package subscript(name: String) -> JSONValue? {
        if case .object(let members) = self { members.first { $0.name == name }?.value } else { nil }
    }

    /// The value as JSON: a member a line, lists of single values in one.
    package func written(indented depth: Int = 0) -> String {
        let (inner, outer) = (String(repeating: "  ", count: depth + 1), String(repeating: "  ", count: depth))
        switch self {
        case .null: return "null"
        case .flag(let flag): return String(flag)
        case .number(let text): return text
        case .text(let text): return JSONText.quoted(text)
        case .list(let items) where items.allSatisfy(\.isSingle):
            return "[\(items.map { $0.written() }.joined(separator: ", "))]"
        case .list(let items):
            let lines = items.map { inner + $0.written(indented: depth + 1) }
            return "[\n\(lines.joined(separator: ",\n"))\n\(outer)]"
        case .object(let members) where members.isEmpty: return "{}"
        case .object(let members):
            let lines = members.map { "\(inner)\(JSONText.quoted($0.name)): \($0.value.written(indented: depth + 1))" }
            return "{\n\(lines.joined(separator: ",\n"))\n\(outer)}"
        }
    }

    private var isSingle: Bool {
        switch self {
        case .list, .object: false
        default: true
        }
    }
}
