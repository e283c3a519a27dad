import Messaging
import MessagingHub

/// The configuration with which `hub run` does what a copy does: all of one where both ends are URLs, else what is to be
/// added to the file that has the topics. Pure.
struct CopyYAML: Sendable {
    private let plan: CopyPlan
    private let options: CopyOptions

    init(_ plan: CopyPlan, _ options: CopyOptions) {
        self.plan = plan
        self.options = options
    }

    /// Throws `.unsupported` for what a service cannot do: files, and a topic of one name at both ends.
    func text() throws(BrokerError) -> String {
        guard case .topic(let source) = plan.source, case .topic(let target) = plan.target else {
            throw BrokerError(
                .unsupported, "a service copies from topic to topic, no files and no streams of the process")
        }
        if source.topic == target.topic {
            let why = "a configuration has one route for a topic, and \(source.topic) would need two"
            throw BrokerError(
                .unsupported, "\(why); give the target another name, or run hub copy itself as the service")
        }
        let ends = [(source, options.source), (target, options.target)]
        let inFile = ends.contains { $0.0.route != RouteName(TopicPlace.inURL) }
        var lines: [String] =
            inFile ? ["# To be added to \(options.config), each under the key of its name."] : ["version: 1"]
        if !notCarriedOver.isEmpty {
            lines.append("# Without a counterpart here: \(notCarriedOver.joined(separator: ", ")).")
        }
        if ends.contains(where: { Self.masked($0.1) != $0.1 }) {
            lines.append("# A password is not written down: set the variable PASSWORD.")
        }
        let routes = ends.enumerated().flatMap { index, end in
            route(end.0, end.1, named: index == 0 ? "copy-source" : "copy-target", isSource: index == 0)
        }
        if let group = plan.group, source.route != RouteName(TopicPlace.inURL) {
            let start = source.settings?.groups[group]?.start ?? .earliest
            lines.append("# The route \(source.route) needs the group, unless it has it:")
            lines.append("#     groups: { \(Self.quoted(group.name)): { start: \(Self.quoted(start.optionText)) } }")
        }
        if !routes.isEmpty { lines += ["", "routes:"] + routes }
        lines += ["", "subscriptions:", "  copy:", "    topic: \(Self.quoted(source.topic.name))"]
        if let group = plan.group { lines.append("    group: \(Self.quoted(group.name))") }
        lines.append("    to: \(Self.quoted(target.topic.name))")
        if let concurrency = options.concurrency { lines.append("    concurrency: \(concurrency)") }
        if let filter = plan.filter {
            lines.append("    filter:")
            for (name, value) in filter.values.sorted(by: { $0.key.text < $1.key.text }) {
                lines.append("      \(Self.quoted(name.text)): \(Self.quoted(value))")
            }
        }
        return lines.joined(separator: "\n")
    }

    /// A URL whose password, where it is written in it, is a variable.
    private static func masked(_ url: String) -> String {
        guard let scheme = url.firstRange(of: "://"), let at = url[scheme.upperBound...].firstIndex(of: "@") else {
            return url
        }
        let user = url[scheme.upperBound..<at]
        guard let colon = user.firstIndex(of: ":"), !user[colon...].contains("${") else { return url }
        return "\(url[...colon])${PASSWORD}\(url[at...])"
    }

    /// The route of an end that is a URL; the variables in it stay.
    private func route(_ place: TopicPlace, _ word: String, named name: String, isSource: Bool) -> [String] {
        guard case .url(let url)? = try? Endpoint(word) else { return [] }
        var lines = ["  \(name):", "    topic: \(Self.quoted(url.topic.name))", "    kind: \(url.kind.rawValue)"]
        lines.append("    broker: \(Self.quoted(Self.masked(url.broker)))")
        if url.order != .none { lines.append("    order: \(url.order.rawValue)") }
        if isSource, let group = plan.group {
            let start = place.settings?.groups[group]?.start ?? .earliest
            lines.append("    groups: { \(Self.quoted(group.name)): { start: \(Self.quoted(start.optionText)) } }")
        }
        return lines
    }

    private var notCarriedOver: [String] {
        var names: [String] = []
        if options.untilEnd { names.append("--until-end") }
        if options.limit != nil { names.append("--limit") }
        if options.rate != nil { names.append("--rate") }
        return names
    }

    /// Between single quotes, as YAML has it.
    private static func quoted(_ text: String) -> String { "'\(text.replacing("'", with: "''"))'" }
}
