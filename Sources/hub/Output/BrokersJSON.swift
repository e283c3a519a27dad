import Messaging
import MessagingHub

/// What `hub brokers --json` prints: `{"brokers": […]}`. Pure.
enum BrokersJSON {
    static func text(_ profiles: [BrokerProfile], built: Set<BrokerType>) -> String {
        let brokers = profiles.map { object($0, isBuilt: built.contains($0.type)) }
        return JSONText.object([("brokers", "[\(brokers.joined(separator: ","))]")])
    }

    private static func object(_ profile: BrokerProfile, isBuilt: Bool) -> String {
        let kinds = DestinationKind.allCases.map { kind -> (String, String) in
            let operations = BrokerCapabilities.Operation.allCases.map { operation in
                (operation.rawValue, JSONText.object(profile.capabilities[kind, operation].members))
            }
            return (kind.rawValue, JSONText.object(operations))
        }
        let options = profile.options.descriptions.map { option in
            JSONText.object([
                ("name", JSONText.quoted(option.name)), ("type", JSONText.quoted(option.allowedDescription)),
                ("default", option.isSecret ? "null" : JSONText.quoted(option.defaultText)),
                ("meaning", JSONText.quoted(option.meaning)), ("secret", String(option.isSecret)),
                ("variable", option.variable.map(JSONText.quoted) ?? "null"),
            ])
        }
        return JSONText.object([
            ("type", JSONText.quoted(profile.type.name)), ("scheme", JSONText.quoted(profile.scheme)),
            ("trait", profile.trait.map(JSONText.quoted) ?? "null"),
            ("package", profile.package.map(JSONText.quoted) ?? "null"), ("inThisBuild", String(isBuilt)),
            ("capabilities", JSONText.object(kinds)), ("options", "[\(options.joined(separator: ","))]"),
        ])
    }
}
