import Messaging
import MessagingHub

/// Every key of a configuration file as Markdown, made from the descriptions: `hub check --keys`, and the page in docs.
/// Pure.
enum ConfigurationReference {
    static func text(_ profiles: [BrokerProfile]) -> String {
        var lines = [
            "# Every key of a configuration", "",
            "Made from the options' descriptions by `hub check --keys`; `hub describe KEY` prints one of them.", "",
            "An editor with yaml-language-server completes and explains them by `configs/messaging.schema.json`, which the",
            "first line of each file in `configs` names. Every key is there since \(LibraryVersion.first), where nothing else is said.",
            "",
        ]
        lines += [
            "Any value may have `${NAME}`, `${NAME:-default}` or `${NAME:?message}` in it; `$$` is a dollar sign.",
            "Between `{` and `}` or `[` and `]` such a value stands in quotation marks.",
            "Durations are `500ms`, `2s`, `1m30s`, `168h`; sizes are `10MB` (by 1000) or `1GiB` (by 1024).",
        ]
        lines += section(HubConfiguration.shape, path: [])
        for profile in profiles {
            lines += ["", "## brokers.NAME of type: \(profile.type)", ""]
            lines += ["As a URL: `\(url(of: profile))`", ""] + table(profile.options.descriptions)
        }
        return lines.joined(separator: "\n")
    }

    private static func section(_ shape: ConfigurationShape, path: [String]) -> [String] {
        var lines: [String] = []
        if !path.isEmpty { lines += ["", "## \(path.joined(separator: "."))", ""] }
        if path.isEmpty { lines.append("") }
        lines += table(shape.options.descriptions, shape.sections)
        for section in shape.sections {
            let below = path + [section.name]
            switch section.content {
            case .shape(let inner, _): lines += self.section(inner, path: below)
            case .entries(let inner): lines += self.section(inner, path: below + ["NAME"])
            case .brokers:
                lines += self.section(ConfigurationShape(HubConfiguration.brokerOptions), path: below + ["NAME"])
            case .texts: break
            }
        }
        return lines
    }

    private static func table(
        _ options: [OptionDescription], _ sections: [ConfigurationShape.Section] = []
    ) -> [String] {
        let head = ["| key | value | default | meaning |", "|---|---|---|---|"]
        return head + options.map { row($0) }
            + sections.map { "| `\($0.name)` | \(form($0.content)) | | \($0.meaning) |" }
    }

    private static func row(_ option: OptionDescription) -> String {
        var meaning = [option.meaning]
        if let variable = option.variable { meaning.append("where not set, the variable `\(variable)`") }
        if option.isSecret { meaning.append("never shown") }
        if !option.examples.isEmpty {
            meaning.append("such as " + option.examples.map { "`\($0)`" }.joined(separator: ", "))
        }
        let value =
            option.isRequired
            ? "required" : option.isSecret || option.defaultText.isEmpty ? "" : "`\(option.defaultText)`"
        if option.since > .first { meaning.append("since \(option.since)") }
        return "| `\(option.name)` | \(option.allowedWithUnit) | \(value) | \(meaning.joined(separator: "; ")) |"
    }

    private static func form(_ content: ConfigurationShape.Content) -> String {
        switch content {
        case .shape(_, nil): "the keys below"
        case .shape(_, let shorthand?): "a \(shorthand), or the keys below"
        case .entries: "names, each with the keys below"
        case .brokers: "names, each with the keys below and those of its type"
        case .texts: "names, each with a text"
        }
    }

    /// The URL of a broker of a type, its parts in capital letters.
    static func url(of profile: BrokerProfile) -> String { url(of: profile, query: "?OPTION=VALUE&…") { _ in true } }

    /// The URL that sets an option of a type: by the part that it is, or in the query.
    static func url(of profile: BrokerProfile, setting option: OptionDescription) -> String {
        guard let part = option.urlPart else {
            return url(of: profile, query: "?\(option.name)=VALUE") { _ in false }
        }
        return url(of: profile, query: "") { $0 == part || $0 == .username && part == .password }
    }

    private static func url(of profile: BrokerProfile, query: String, shows: (URLPart) -> Bool) -> String {
        func name(_ part: URLPart) -> String? {
            profile.options.option(for: part).flatMap { shows(part) ? $0.name.uppercased() : nil }
        }
        let user = [name(.username), name(.password)].compactMap { $0 }.joined(separator: ":")
        let host = [name(.host), name(.port)].compactMap { $0 }.joined(separator: ":")
        let place = host.isEmpty ? name(.hosts) ?? "" : host
        let secure = name(.secureScheme) == nil ? "" : query.isEmpty ? "s" : "[s]"
        let path = name(.path).map { "/\($0)" } ?? ""
        return "\(profile.scheme)\(secure)://\(user.isEmpty ? "" : user + "@")\(place)\(path)\(query)"
    }
}
