import Messaging
import MessagingHub

/// What `hub describe --json` prints: one object, with `keys`, or the names of what there is. Pure.
enum DescribeJSON {
    static func text(_ subject: DescribeIndex.Subject) -> String {
        let value: JSONValue =
            switch subject {
            case .everything(let index):
                .members([
                    ("brokers", .texts(index.profiles.map(\.type.name))),
                    ("kinds", .texts(DestinationKind.allCases.map(\.rawValue))),
                    ("keys", .list(index.keys.map(key))),
                ])
            case .broker(let profile):
                .members([
                    ("type", .text(profile.type.name)), ("scheme", .text(profile.scheme)),
                    ("url", .text(ConfigurationReference.url(of: profile))),
                    ("keys", .list(profile.options.descriptions.map { .object(members(of: $0)) })),
                ])
            case .kind(let kind, let profiles):
                .members([
                    ("kind", .text(kind.rawValue)), ("meaning", .text(kind.meaning)),
                    (
                        "brokers",
                        .members(
                            profiles.map { profile in
                                (profile.type.name, .text(profile.capabilities[kind, .serve].word))
                            })
                    ),
                ])
            case .keys(let keys, _): .members([("keys", .list(keys.map(key)))])
            }
        return value.written()
    }

    /// What is said of a key, wherever it stands.
    static func facts(of key: ConfigurationKey) -> JSONValue {
        if let option = key.option { return .object(members(of: option)) }
        return .members([("meaning", .text(key.meaning)), ("shorthand", shorthand(of: key))])
    }

    private static func key(_ key: ConfigurationKey) -> JSONValue {
        let place: [(String, JSONValue?)] = [("key", .text(key.name)), ("type", key.type.map { .text($0.name) })]
        guard case .object(let members) = facts(of: key) else { return .members(place) }
        return .members(place + members.map { ($0.name, $0.value) })
    }

    private static func shorthand(of key: ConfigurationKey) -> JSONValue? {
        key.section?.content.shorthandOption.map { .text($0.name) }
    }

    private static func members(of option: OptionDescription) -> [JSONValue.Member] {
        let members: [(String, JSONValue?)] = [
            ("name", .text(option.name)), ("meaning", .text(option.meaning)),
            ("value", .text(option.allowedDescription)),
            ("least", option.bounds.map { .text($0.least) }), ("greatest", option.bounds.map { .text($0.greatest) }),
            ("words", words(option.form).map { .texts($0) }), ("counts", option.unit.map { .text($0) }),
            ("default", option.isSecret || option.defaultText.isEmpty ? nil : .text(option.defaultText)),
            ("required", .flag(option.isRequired)), ("secret", .flag(option.isSecret)),
            ("variable", option.variable.map { .text($0) }), ("urlPart", option.urlPart.map { .text($0.rawValue) }),
            ("knownAs", option.otherNames.isEmpty ? nil : .texts(option.otherNames)),
            ("examples", option.examples.isEmpty ? nil : .texts(option.examples)),
            ("since", .text("\(option.since)")),
        ]
        return members.compactMap { name, value in value.map { JSONValue.Member(name, $0) } }
    }

    private static func words(_ form: OptionForm) -> [String]? {
        if case .word(let words) = form { words } else { nil }
    }
}

extension BrokerCapabilities.Support {
    /// In one word.
    fileprivate var word: String {
        switch self {
        case .native: "native"
        case .emulated: "emulated"
        case .refused: "refused"
        }
    }
}
