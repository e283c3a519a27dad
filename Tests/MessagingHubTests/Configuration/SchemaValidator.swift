import Foundation
import Messaging

@testable import MessagingHub

/// Validates by the part of JSON Schema (draft-07) that the schema of configurations uses. A keyword that it does not know
/// is a problem, so that nothing in the schema is left unlooked at.
struct SchemaValidator {
    private let root: [String: Any]
    private static let annotations: Set = [
        "$schema", "title", "description", "default", "examples", "definitions", "patternErrorMessage",
    ]

    init(_ text: String) throws {
        root = try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any] ?? [:]
    }

    /// What is wrong with a value, a line each.
    func problems(_ value: Any) -> [String] { problems(value, root, "") }

    /// What is wrong with a YAML file, whose variables stay as they are written.
    func problems(yaml: String) -> [String] {
        let environment = Dictionary(
            yaml.matches(of: #/\$\{([A-Z_]+)/#).map { (String($0.1), "x") }, uniquingKeysWith: { one, _ in one })
        let composed = YAMLComposer.compose(Array(yaml.utf8), environment: environment)
        guard let root = composed.root, composed.problems.isEmpty else { return ["is not YAML"] }
        return problems(root.json)
    }

    private func problems(_ value: Any, _ schema: [String: Any], _ place: String) -> [String] {
        schema.keys.sorted().flatMap { key -> [String] in
            guard let rule = schema[key], !Self.annotations.contains(key) else { return [] }
            return check(value, key, rule, schema, place).map { "\(place.isEmpty ? "/" : place): \($0)" }
        }
    }

    private func check(
        _ value: Any, _ keyword: String, _ rule: Any, _ schema: [String: Any], _ place: String
    ) -> [String] {
        func holds(_ rule: Any) -> Bool { problems(value, rule as? [String: Any] ?? [:], place).isEmpty }
        let rules = rule as? [Any] ?? []
        switch keyword {
        case "$ref":
            let name = (rule as? String)?.split(separator: "/").last.map(String.init) ?? ""
            let definition = (root["definitions"] as? [String: Any])?[name] as? [String: Any]
            return definition.map { problems(value, $0, place) } ?? ["refers to nothing"]
        case "type":
            let names = rule as? [String] ?? [rule as? String ?? ""]
            return names.contains { Self.isType(value, $0) } ? [] : ["is no \(names.joined(separator: " or "))"]
        case "enum": return rules.contains { "\($0)" == value as? String } ? [] : ["is none of the words"]
        case "const": return rule as? String == value as? String ? [] : ["is another word"]
        case "pattern":
            guard let text = value as? String else { return [] }
            return text.range(of: rule as? String ?? "", options: .regularExpression) == nil ? ["has another form"] : []
        case "minimum", "maximum":
            guard let number = (value as? NSNumber)?.doubleValue, let bound = (rule as? NSNumber)?.doubleValue else {
                return []
            }
            return (keyword == "minimum" ? number >= bound : number <= bound) ? [] : ["is out of its range"]
        case "anyOf": return rules.contains(where: holds) ? [] : ["fits none of what it may be"]
        case "oneOf": return rules.count(where: holds) == 1 ? [] : ["does not fit one of what it may be, and one alone"]
        case "not": return holds(rule) ? ["is what it must not be"] : []
        case "minProperties":
            guard let object = value as? [String: Any] else { return [] }
            return object.count < (rule as? Int ?? 0) ? ["has too few members"] : []
        case "propertyNames":
            let names = (value as? [String: Any])?.keys.sorted() ?? []
            return names.flatMap { problems($0, rule as? [String: Any] ?? [:], "\(place)/\($0)") }
        case "allOf": return rules.flatMap { problems(value, $0 as? [String: Any] ?? [:], place) }
        case "if": return holds(rule) ? problems(value, schema["then"] as? [String: Any] ?? [:], place) : []
        case "then": return schema["if"] == nil ? ["has a then without an if"] : []
        case "items": return (value as? [Any] ?? []).flatMap { problems($0, rule as? [String: Any] ?? [:], place) }
        case "required":
            guard let object = value as? [String: Any] else { return [] }
            return rules.compactMap { $0 as? String }.filter { object[$0] == nil }.map { "has no \($0)" }
        case "properties", "additionalProperties": return members(value, keyword, rule, schema, place)
        default: return ["the schema has the keyword \(keyword)"]
        }
    }

    private func members(
        _ value: Any, _ keyword: String, _ rule: Any, _ schema: [String: Any], _ place: String
    ) -> [String] {
        guard let object = value as? [String: Any] else { return [] }
        let properties = schema["properties"] as? [String: Any] ?? [:]
        return object.keys.sorted().flatMap { name -> [String] in
            guard let member = object[name] else { return [] }
            let below = "\(place)/\(name)"
            if keyword == "properties" {
                return (properties[name] as? [String: Any]).map { problems(member, $0, below) } ?? []
            }
            if properties[name] != nil { return [] }
            if let rule = rule as? [String: Any] { return problems(member, rule, below) }
            return ["has \(name), which is not known"]
        }
    }

    private static func isType(_ value: Any, _ name: String) -> Bool {
        switch name {
        case "null": return value is NSNull
        case "string": return value is String
        case "object": return value is [String: Any]
        case "array": return value is [Any]
        case "boolean": return value is Bool
        case "integer":
            return !(value is Bool) && (value is Int || (value as? Double).map { $0 == $0.rounded() } ?? false)
        case "number": return !(value is Bool) && (value is Int || value is Double)
        default: return false
        }
    }
}

extension YAMLNode {
    /// The value as an editor sees it: by the core schema of YAML 1.2, its variables not replaced.
    fileprivate var json: Any {
        switch content {
        case .null: return NSNull()
        case .sequence(let items): return items.map(\.json)
        case .mapping(let entries): return Dictionary(uniqueKeysWithValues: entries.map { ($0.key, $0.value.json) })
        case .scalar(let scalar):
            let text = scalar.written ?? scalar.text
            if scalar.style == .quoted { return text }
            if ["true", "True", "TRUE"].contains(text) { return true }
            if ["false", "False", "FALSE"].contains(text) { return false }
            if let digits = text.wholeMatch(of: #/0x([0-9a-fA-F]+)/#)?.1 { return Int(digits, radix: 16) ?? text }
            if let digits = text.wholeMatch(of: #/0o([0-7]+)/#)?.1 { return Int(digits, radix: 8) ?? text }
            if text.wholeMatch(of: #/[-+]?[0-9]+/#) != nil, let number = Int(text) { return number }
            if text.wholeMatch(of: #/[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?/#) != nil {
                return Double(text) ?? text
            }
            return text
        }
    }
}
