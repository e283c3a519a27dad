import Messaging
import MessagingHub

/// What `hub describe` prints for people. Pure.
enum DescribeText {
    static func text(_ subject: DescribeIndex.Subject, _ style: TextStyle) -> String {
        let lines: [String] =
            switch subject {
            case .everything(let index): overview(index, style)
            case .broker(let profile): broker(profile, style)
            case .kind(let kind, let profiles): self.kind(kind, profiles, style)
            case .keys(let keys, let index): alike(keys).map { self.keys($0, index, style) }.joined(with: [""])
            }
        return lines.joined(separator: "\n")
    }

    private static func overview(_ index: DescribeIndex, _ style: TextStyle) -> [String] {
        let brokers = index.profiles.map { ($0.type.name, ConfigurationReference.url(of: $0)) }
        let sections = index.sections
        let top = index.keys.filter { $0.path.count == 1 }.map { ($0.name, $0.meaning) }
        let policies = sections.filter { $0.path.starts(with: ["routes", ConfigurationKey.placeholder]) }
            .filter { $0.path.count == 3 }.map { ($0.path[2], $0.meaning) }
        var lines = [style.bold("Brokers")] + HelpText.columns(brokers)
        lines +=
            ["", style.bold("Kinds")] + HelpText.columns(DestinationKind.allCases.map { ($0.rawValue, $0.meaning) })
        lines += ["", style.bold("Policies of a route")] + HelpText.columns(policies)
        lines += ["", style.bold("Top of a configuration")] + HelpText.columns(top)
        return lines + ["", "hub describe WHAT explains each, and any key: hub describe retry.delay"]
    }

    private static func broker(_ profile: BrokerProfile, _ style: TextStyle) -> [String] {
        var lines = ["\(style.bold(profile.type.name)): the options of a broker of this type", ""]
        lines += ["  type: \(profile.type.name)", "  url: \(ConfigurationReference.url(of: profile))", ""]
        lines += [style.bold("Options")] + options(profile.options.descriptions)
        return lines + ["", "hub brokers \(profile.type) shows what it can do and carry."]
    }

    private static func kind(_ kind: DestinationKind, _ profiles: [BrokerProfile], _ style: TextStyle) -> [String] {
        var lines = "\(style.bold(kind.rawValue)): \(kind.meaning)".wrapped(at: HelpText.width)
        lines += ["", style.bold("Served by")]
        lines += HelpText.columns(
            profiles.map { profile in
                switch profile.capabilities[kind, .serve] {
                case .native: (profile.type.name, "natively")
                case .emulated(let cost): (profile.type.name, "by the backend: \(cost)")
                case .refused(let reason): (profile.type.name, "not: \(reason)")
                }
            })
        return lines + ["", "hub brokers shows what each type of broker can do with it."]
    }

    private static func keys(_ keys: [ConfigurationKey], _ index: DescribeIndex, _ style: TextStyle) -> [String] {
        guard let key = keys.first else { return [] }
        let places = keys.map { key in key.type.map { "\(key.name) of type: \($0)" } ?? key.name }
        var lines = places.map(style.bold) + key.meaning.wrapped(at: HelpText.width - 2).map { "  \($0)" }
        if let option = key.option { lines += [""] + HelpText.columns(facts(of: option, key, index)) }
        if let section = key.section {
            let shorthand = section.content.shorthandOption.map { ["  A single value stands for \($0.name)."] } ?? []
            let below = index.keys.filter { inner in
                inner.path.count > key.path.count && inner.path.starts(with: key.path)
                    && inner.type == nil && inner.path.dropFirst(key.path.count).allSatisfyDepth()
            }
            lines += shorthand + [""] + rows(below)
        }
        return lines
    }

    private static func facts(
        of option: OptionDescription, _ key: ConfigurationKey, _ index: DescribeIndex
    ) -> [(String, String)] {
        var facts = [("value", option.allowedDescription)]
        if let unit = option.unit { facts.append(("counts", unit)) }
        if !option.form.ownUnits.isEmpty { facts.append(("units", option.form.ownUnits.joined(separator: ", "))) }
        if option.isRequired { facts.append(("default", "none; it must be set")) }
        if !option.isRequired { facts.append(("default", shownDefault(of: option))) }
        if option.isSecret { facts.append(("secret", "never shown, in no message and no log")) }
        if let variable = option.variable { facts.append(("variable", "\(variable), where it is not set")) }
        if let profile = index.profiles.first(where: { $0.type == key.type }) {
            facts.append(("in a URL", ConfigurationReference.url(of: profile, setting: option)))
        }
        if !option.otherNames.isEmpty {
            facts.append(("known as", option.otherNames.joined(separator: ", ")))
        }
        if !option.examples.isEmpty { facts.append(("such as", option.examples.joined(separator: "  "))) }
        return facts + [("since", "\(option.since)")]
    }

    private static func shownDefault(of option: OptionDescription) -> String {
        option.isSecret ? "not shown" : option.defaultText.isEmpty ? "none" : option.defaultText
    }

    private static func options(_ options: [OptionDescription]) -> [String] {
        HelpText.columns(options.map { ($0.name, HelpText.explanation(of: $0)) })
    }

    private static func rows(_ keys: [ConfigurationKey]) -> [String] {
        HelpText.columns(
            keys.map { key in
                (key.path.last ?? "", key.option.map(HelpText.explanation) ?? "a mapping: \(key.meaning)")
            })
    }

    /// The keys by what is said of them: those of which the same is said are together.
    private static func alike(_ keys: [ConfigurationKey]) -> [[ConfigurationKey]] {
        var groups: [[ConfigurationKey]] = []
        for key in keys {
            let text = DescribeJSON.facts(of: key)
            if let group = groups.firstIndex(where: { $0.first.map(DescribeJSON.facts) == text }) {
                groups[group].append(key)
            } else {
                groups.append([key])
            }
        }
        return groups
    }
}

extension [String] {
    /// Whether these keys lead to what stands in a mapping itself, or in each of the entries that its writer names.
    fileprivate var isDirectlyBelow: Bool { count == 1 || count == 2 && first == ConfigurationKey.placeholder }
}

extension ArraySlice<String> {
    fileprivate func allSatisfyDepth() -> Bool { Array(self).isDirectlyBelow }
}

extension [[String]] {
    fileprivate func joined(with separator: [String]) -> [String] { Array<String>(self.joined(separator: separator)) }
}

extension DestinationKind {
    /// What it is, in one sentence.
    var meaning: String {
        switch self {
        case .queue: "work for whoever is free: each message goes to one consumer and leaves when it is accepted"
        case .stream: "a log: each group reads everything, in its own time, from where it likes"
        case .pubSub: "a live broadcast: whoever listens hears it, and nobody else ever does"
        }
    }
}
