public import Messaging

extension HubConfiguration {
    /// The JSON Schema (draft-07) of a configuration, for brokers of these types: for editors, which complete and explain by
    /// it while a file is written. It knows form, range and place of each value; what contradicts another one, `load` finds.
    public static func schema(profiles: [BrokerProfile]) -> String {
        ConfigurationSchema(profiles: profiles).root.written() + "\n"
    }
}

/// Makes the JSON Schema of a configuration from its shape and the types of broker. Pure.
///
/// Draft-07 because yaml-language-server, which editors read YAML with, knows all of it and only parts of later ones.
struct ConfigurationSchema: Sendable {
    /// The types of broker that a configuration may name.
    let profiles: [BrokerProfile]

    /// The whole schema.
    var root: JSONValue {
        let shape = HubConfiguration.shape
        var members: [(String, JSONValue?)] = [
            ("$schema", .text("http://json-schema.org/draft-07/schema#")),
            ("title", .text("swift-messaging-hub \(LibraryVersion.current)")),
            (
                "description",
                .text(
                    "Every key of a configuration, by hub describe --schema; docs/configuration.md has them as tables.")
            ),
        ]
        members += object(shape, required: ["routes"])
        let broker = BrokerSection.type.name
        members.append(
            (
                "definitions",
                .members(
                    [("variable", Self.variable), ("plain", Self.plain), ("broker", self.broker)]
                        + profiles.map { profile in
                            let options = BrokerSection.options.descriptions + profile.options.descriptions
                            let shape = ConfigurationShape(OptionGroup(options))
                            let members = object(shape, url: property(BrokerSection.url.description, profile.schemes))
                            return ("\(broker)-\(profile.type)", JSONValue.members(members))
                        })
            ))
        return .members(members)
    }

    /// A value that is made from variables: what it is to be is known only when it is read.
    private static let variable = JSONValue.members([
        ("type", .text("string")), ("pattern", .text(#"\$\{[A-Za-z_][A-Za-z0-9_]*(:[-?].*)?\}"#)),
    ])

    /// A single value, as YAML makes it of a text without quotation marks.
    private static let plain = JSONValue.members([("type", .texts(["string", "number", "boolean"]))])

    /// A mapping; `url` is what is said of a broker's URL in place of what its option says.
    private func object(
        _ shape: ConfigurationShape, required: [String] = [], url: JSONValue? = nil
    ) -> [(String, JSONValue?)] {
        let options = shape.options.descriptions.map { option in
            (
                option.name,
                JSONValue?.some(option.name == BrokerSection.url.name ? url ?? property(option) : property(option))
            )
        }
        let sections = shape.sections.map { ($0.name, JSONValue?.some(property($0))) }
        var needed = required + shape.options.descriptions.filter(\.isRequired).map(\.name)
        var rules: [(String, JSONValue?)] = []
        for rule in shape.rules {
            switch rule {
            case .needs(let name): needed.append(name)
            case .either(let one, let other): rules.append(("oneOf", .list([one, other].map { Self.needs($0) })))
            case .notBoth(let one, let other): rules.append(("not", Self.needs(one, other)))
            }
        }
        return [
            ("type", .text("object")), ("properties", .members(options + sections)),
            ("required", needed.isEmpty ? nil : .texts(needed)), ("additionalProperties", .flag(false)),
        ] + rules
    }

    private func property(_ section: ConfigurationShape.Section) -> JSONValue {
        var members: [(String, JSONValue?)] = [("description", .text(section.meaning))]
        switch section.content {
        case .shape(let shape, nil): members += object(shape)
        case .shape(let shape, let shorthand?):
            let single = shape.options[shorthand].map { forms($0) } ?? []
            members.append(("anyOf", .list(single + [.members(object(shape))])))
        case .entries(let shape):
            let entry = JSONValue.list([.members(object(shape)), .members([("type", .text("null"))])])
            members += entries(shape.needsNothing ? .members([("anyOf", entry)]) : .members(object(shape)))
        case .brokers:
            // A name that is a URL would not be told from one.
            let names = #"^(?!.*://)[^\u0000-\u001f\u007f-\u009f]+$"#
            members += entries(Self.reference("broker"), named: names)
        case .texts:
            members += [
                ("type", .text("object")), ("minProperties", .number("1")),
                ("additionalProperties", Self.reference("plain")),
            ]
        }
        return .members(members)
    }

    /// What the writer names, all of one form, and how a name may be.
    private func entries(
        _ entry: JSONValue, named pattern: String = #"^[^\u0000-\u001f\u007f-\u009f]+$"#
    ) -> [(String, JSONValue?)] {
        [
            ("type", .text("object")), ("propertyNames", .members([("pattern", .text(pattern))])),
            ("additionalProperties", entry),
        ]
    }

    private static func needs(_ names: String...) -> JSONValue { .members([("required", .texts(names))]) }

    private static func reference(_ name: String) -> JSONValue {
        .members([("$ref", .text("#/definitions/\(name)"))])
    }
}

extension ConfigurationSchema {
    /// A broker: its type, or the scheme of its URL, decides which options it has; where either is made from variables, it
    /// has those of any type.
    private var broker: JSONValue {
        let (type, url) = (BrokerSection.type, BrokerSection.url)
        let names = profiles.map(\.type.name)
        let words = JSONValue.members([("enum", .texts(names))])
        let typeOrURL = [type.name, url.name].map { JSONValue.members([("required", .texts([$0]))]) }
        let cases = profiles.map { profile -> JSONValue in
            let scheme = URLPattern.schemes(profile.schemes)
            let isType = Self.has(type.name, .members([("const", .text(profile.type.name))]))
            let isURL = Self.has(url.name, .members([("pattern", .text("^(\(scheme))://"))]))
            let isEither = JSONValue.members([("anyOf", .list([isType, isURL]))])
            return .members([("if", isEither), ("then", Self.reference("\(type.name)-\(profile.type)"))])
        }
        let options = profiles.flatMap(\.options.descriptions).map(\.name)
        var seen: Set<String> = [type.name, url.name]
        let others = options.filter { seen.insert($0).inserted }.map { ($0, JSONValue?.some(.flag(true))) }
        return .members([
            ("type", .text("object")), ("anyOf", .list(typeOrURL)),
            (
                "properties",
                .members(
                    [
                        (
                            type.name,
                            .members([
                                ("description", .text(type.meaning)),
                                ("anyOf", .list([words, Self.reference("variable")])),
                            ])
                        ), (url.name, property(url.description, profiles.flatMap(\.schemes))),
                    ] + others)
            ), ("allOf", .list(cases)), ("additionalProperties", .flag(false)),
        ])
    }

    private static func has(_ name: String, _ value: JSONValue) -> JSONValue {
        .members([("properties", .members([(name, value)])), ("required", .texts([name]))])
    }

    /// What may stand for an option; of one that is a URL, those of these schemes.
    private func property(_ option: OptionDescription, _ schemes: [String] = []) -> JSONValue {
        var meaning = [option.meaning, option.allowedWithUnit]
        if let variable = option.variable { meaning.append("where not set, the variable \(variable)") }
        if option.isSecret { meaning.append("never shown") }
        meaning.append("since \(option.since)")
        let forms = schemes.isEmpty ? forms(option) : [Self.url(schemes), Self.reference("variable")]
        let examples = option.examples.isEmpty ? nil : JSONValue.texts(option.examples)
        let head: [(String, JSONValue?)] = [("description", .text(meaning.joined(separator: "; ")))]
        let tail: [(String, JSONValue?)] = [("default", defaultValue(of: option)), ("examples", examples)]
        return .members(head + [("anyOf", .list(forms))] + tail)
    }

    private func defaultValue(of option: OptionDescription) -> JSONValue? {
        if option.isSecret || option.isRequired || option.defaultText.isEmpty { return nil }
        switch option.form {
        case .integer, .number: return .number(option.defaultText)
        case .flag: return .flag(option.defaultText == "true")
        case .list: return .texts(option.defaultText.split(separator: ",").map(String.init))
        default: return .text(option.defaultText)
        }
    }

    private static func url(_ schemes: [String]) -> JSONValue {
        .members([("type", .text("string")), ("pattern", .text(URLPattern.expression(schemes)))])
    }

    /// The forms that a value may have: of its type, and made from variables.
    private func forms(_ option: OptionDescription) -> [JSONValue] {
        let text = option.pattern.map { pattern in
            JSONValue.members([
                ("type", .text("string")), ("pattern", .text(pattern)),
                ("patternErrorMessage", .text("give \(option.allowedDescription)")),
            ])
        }
        let bounds = option.bounds
        func number(_ type: String) -> JSONValue {
            .members([
                ("type", .text(type)), ("minimum", bounds.map { .number($0.least) }),
                ("maximum", bounds.map { .number($0.greatest) }),
            ])
        }
        let single: [JSONValue]
        switch option.form {
        case .integer: single = [number("integer")]
        case .number: single = [number("number")]
        case .flag: single = [.members([("type", .text("boolean"))])]
        case .word(let words): return [.members([("enum", .texts(words))]), Self.reference("variable")]
        case .size:
            let bytes = option.byteBounds ?? 0...Int64.max
            let limits = ("minimum", JSONValue?.some(.number("\(bytes.lowerBound)")))
            let most = option.byteBounds.map { JSONValue.number("\($0.upperBound)") }
            single = [.members([("type", .text("integer")), limits, ("maximum", most)])]
        case .list:
            return [
                .members([("type", .text("array")), ("items", Self.reference("plain"))]), Self.reference("plain"),
            ]
        case .broker:
            let name = JSONValue.members([("type", .text("string")), ("pattern", .text(#"^(?!.*://).+$"#))])
            let plain = JSONValue.members([("type", .texts(["number", "boolean"]))])
            return [name, plain, Self.url(profiles.flatMap(\.schemes)), Self.reference("variable")]
        case .text(nil): return [Self.reference("plain")]
        case .text: single = [.members([("type", .text("integer")), ("minimum", .number("0"))])]
        case .duration: single = []
        }
        return single + [text, Self.reference("variable")].compactMap { $0 }
    }
}
