public import Messaging

/// A place in a configuration where something may be written: an option, or a mapping of further ones.
public struct ConfigurationKey: Sendable {
    /// What stands there.
    public enum Content: Sendable {
        /// A value.
        case option(OptionDescription)
        /// A mapping.
        case section(ConfigurationShape.Section)
    }

    /// Stands in a path for a name that the writer chooses.
    public static let placeholder = "NAME"

    /// The keys that lead to it, `routes`, `NAME`, `retry`, `delay`.
    public let path: [String]
    /// The type of broker that has it; nil: it is no option of one type.
    public let type: BrokerType?
    /// What stands there.
    public let content: Content

    /// The keys with dots between: `routes.NAME.retry.delay`.
    public var name: String { path.joined(separator: ".") }

    /// The option that stands there; nil where it is a mapping.
    public var option: OptionDescription? {
        if case .option(let option) = content { option } else { nil }
    }

    /// The mapping that stands there; nil where it is an option.
    public var section: ConfigurationShape.Section? {
        if case .section(let section) = content { section } else { nil }
    }

    /// What it means, in one sentence without a full stop.
    public var meaning: String {
        switch content {
        case .option(let option): option.meaning
        case .section(let section): section.meaning
        }
    }
}

extension HubConfiguration {
    /// Every key that a configuration may have, for brokers of these types, in the order of the documentation.
    public static func keys(profiles: [BrokerProfile]) -> [ConfigurationKey] {
        shape.keys(below: [], profiles: profiles)
    }
}

extension ConfigurationShape {
    /// Every key below a path.
    func keys(below path: [String], type: BrokerType? = nil, profiles: [BrokerProfile]) -> [ConfigurationKey] {
        options.descriptions.map { ConfigurationKey(path: path + [$0.name], type: type, content: .option($0)) }
            + sections.flatMap { section in
                let place = path + [section.name]
                return [ConfigurationKey(path: place, type: type, content: .section(section))]
                    + section.content.keys(below: place, type: type, profiles: profiles)
            }
    }
}

extension ConfigurationShape.Content {
    fileprivate func keys(
        below path: [String], type: BrokerType?, profiles: [BrokerProfile]
    ) -> [ConfigurationKey] {
        let named = path + [ConfigurationKey.placeholder]
        switch self {
        case .shape(let shape, _): return shape.keys(below: path, type: type, profiles: profiles)
        case .entries(let shape): return shape.keys(below: named, type: type, profiles: profiles)
        case .brokers:
            return ConfigurationShape(BrokerSection.options).keys(below: named, profiles: profiles)
                + profiles.flatMap { profile in
                    ConfigurationShape(profile.options).keys(below: named, type: profile.type, profiles: profiles)
                }
        case .texts: return []
        }
    }
}
