import Foundation
import Messaging
import Testing

@testable import MessagingHub

/// Every option is described once: what the parser, the schema, URLs and the environment know of, each for itself, is
/// compared here with `HubConfiguration.keys`; `hub describe` and the page in docs are compared in `hubTests`.
@Suite struct ConfigurationKeyTests {
    private static let keys = HubConfiguration.keys(profiles: Loading.profiles)
    private static let options = keys.compactMap { key in key.option.map { (key, $0) } }

    /// A value that an option takes, as it is written.
    private func sample(_ option: OptionDescription) -> String {
        if let example = option.examples.first { return example }
        if !option.defaultText.isEmpty { return option.defaultText }
        switch option.form {
        case .word(let words): return words[0]
        case .integer, .number, .duration, .size: return option.bounds?.least ?? "1"
        default: return "x"
        }
    }

    /// A configuration that has this key alone, and what it cannot do without.
    private func text(_ key: ConfigurationKey, _ value: String) -> String {
        let leaf = "\"\(value)\""
        let inner = key.path.reversed().reduce(leaf) { inner, name in
            let isBroker = name == ConfigurationKey.placeholder && key.path.first == "brokers"
            let type = isBroker ? key.type.map { "type: \($0), " } ?? "" : ""
            return inner == leaf || !isBroker ? "{\(name): \(inner)}" : "{\(name): {\(type)\(inner.dropFirst())}"
        }
        return "\(inner)\n"
    }

    @Test("The parser knows every option where it is described, and takes its sample")
    func parser() {
        for (key, option) in Self.options {
            let found = Loading.problems(text(key, sample(option))).filter {
                $0.contains(" \(key.name):") && ($0.contains("not known") || $0.contains("is not allowed"))
            }
            #expect(found.isEmpty, "\(key.name): \(found)")
            let misspelt = text(key, sample(option)).replacing("\(option.name): \"", with: "\(option.name)xyz: \"")
            let said = Loading.problems(misspelt).joined()
            #expect(said.contains("is not known here") || said.contains("has neither type nor url"), "\(misspelt)")
        }
        #expect(Self.options.count > 120)
    }

    @Test("Every key, misspelt, is answered with its name")
    func misspelt() throws {
        for key in Self.keys {
            let last = try #require(key.path.last)
            // With its last letter twice.
            let wrong = ConfigurationKey(
                path: key.path.dropLast() + [last + last.suffix(1)], type: key.type, content: key.content)
            let isTypeOrURL = key.path.first == "brokers" && key.type == nil && key.path.count == 3
            let text = isTypeOrURL ? "brokers: {NAME: {\(last + last.suffix(1)): x}}\n" : text(wrong, "x")
            let said = Loading.problems(text)
            let expected = " \(wrong.name): is not known here; did you mean \(last)?"
            #expect(said.contains { $0.hasSuffix(expected) }, "\(text)\(said)")
        }
    }

    @Test("The schema has every key where it is described, with its meaning, default and range, and no other")
    func schema() throws {
        let text = HubConfiguration.schema(profiles: Loading.profiles)
        let root = try #require(try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
        let definitions = try #require(root["definitions"] as? [String: [String: Any]])
        var known: Set<String> = []
        func walk(_ schema: [String: Any], _ path: [String]) {
            let reference = (schema["$ref"] as? String)?.split(separator: "/").last.map(String.init)
            if let reference, reference != "plain", reference != "variable" {
                for profile in Loading.profiles {
                    walk(definitions["type-\(profile.type)"] ?? [:], path + ["\(profile.type)"])
                }
                return
            }
            for (name, property) in schema["properties"] as? [String: [String: Any]] ?? [:] {
                let description = property["description"] as? String ?? ""
                known.insert((path + [name]).joined(separator: ".") + ": " + description)
                walk(property, path + [name])
            }
            for inner in schema["anyOf"] as? [[String: Any]] ?? [] { walk(inner, path) }
            if let inner = schema["additionalProperties"] as? [String: Any] {
                walk(inner, path + [ConfigurationKey.placeholder])
            }
        }
        walk(root, [])
        var expected: Set<String> = []
        for key in Self.keys {
            var meaning = key.meaning
            if let option = key.option {
                var parts = [option.meaning, option.allowedWithUnit]
                if let variable = option.variable { parts.append("where not set, the variable \(variable)") }
                if option.isSecret { parts.append("never shown") }
                meaning = (parts + ["since \(option.since)"]).joined(separator: "; ")
            }
            let isShared = key.path.count == 3 && key.path.first == "brokers" && key.type == nil
            for type in isShared ? Loading.profiles.map(\.type) : [key.type].compactMap({ $0 }) {
                expected.insert(
                    (key.path.dropLast() + [type.name, key.path[2]]).joined(separator: ".") + ": " + meaning)
            }
            if !isShared, key.type == nil { expected.insert("\(key.name): \(meaning)") }
        }
        #expect(known == expected, "\(known.symmetricDifference(expected).sorted())")
    }

    @Test("A broker's URL sets every option of its type")
    func urls() throws {
        for (key, option) in Self.options {
            guard let profile = Loading.profiles.first(where: { $0.type == key.type }) else { continue }
            let value = BrokerURL.encoded(sample(option))
            let url = try BrokerURL("\(profile.scheme)://?\(option.name)=\(value)")
            let read = BrokerURLReading(url, profile, Loading.profiles).values { _ in false }
            #expect(read.problems.isEmpty && read.values.isSet(option.name), "\(url.name) \(option.name)")
        }
    }

    @Test("Every variable of an option is read where nothing else sets it")
    func variables() throws {
        var read = 0
        for (key, option) in Self.options {
            if option.variables.isEmpty { continue }
            let type = try #require(key.type, "a variable of \(key.name) is not read by this test")
            let value = sample(option)
            let text = "brokers: {b: {type: \(type)}}\nroutes: {a: {topic: a, broker: b, kind: queue}}\n"
            for variable in option.variables {
                let values = try Loading.load(text, [variable: value]).brokers["b"]?.options
                #expect(values?.texts[option.name] == option.read(value)?.optionText, "\(variable)")
                read += 1
            }
        }
        #expect(read == 15)
    }

    @Test("A number says what it counts, or is one that counts nothing; a duration and a size carry their units")
    func units() {
        let counting = Self.options.map(\.1).filter { $0.form == .integer || $0.form == .number }
        let plain = Set(counting.filter { $0.unit == nil }.map(\.name))
        #expect(plain == ["version", "max-priority", "multiplier", "jitter", "port", "database"])
        for (_, option) in Self.options {
            let carries = option.form == .duration || option.form == .size
            #expect(carries == !option.form.ownUnits.isEmpty)
            #expect(!carries || option.unit == nil, "\(option.name)")
        }
    }

    @Test("No option is of a version that is not there yet, and the change log has this one or calls it unreleased")
    func versions() throws {
        for (key, option) in Self.options { #expect(option.since <= .current, "\(key.name)") }
        let file = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../../CHANGELOG.md")
        let log = try String(contentsOf: file.standardized, encoding: .utf8)
        #expect(log.contains("## [\(LibraryVersion.current)]") || log.contains("## [Unreleased]"))
    }

    @Test("Values that the form of an option says yes to, the option reads, and those it says no to it does not")
    func forms() {
        let texts = [
            "", "1", "-1", "+7", "10_000", "_1", "1_", "1.5", "1e3", ".5", "true", "yes", "1s", "1m30s", "1 s",
            "5µs", "2d", "s", "1", "10MB", "1KiB", "1kb", "earliest", "1042-7", "2026-11-21T00:00:00Z", "never",
        ]
        func check<Value: OptionValue>(_ type: Value.Type, but exceptions: Set<String> = []) {
            guard let pattern = Value.optionForm.pattern else { return }
            for text in texts where !exceptions.contains(text) {
                let fits = text.range(of: pattern, options: .regularExpression) != nil
                #expect(fits == (Value(optionText: text) != nil), "\(type) \(text)")
            }
        }
        check(Int.self)
        check(Double.self)
        check(Bool.self)
        check(Duration.self)
        check(ByteCount.self)
        check(StartPosition.self)
        check(DestinationKind.self)
        check(LogRecord.Level.self)
    }
}
