import Messaging

/// Finds what is wrong in the subscriptions of a configuration: topics and targets without a route, groups that do not fit,
/// programs without a name, and bridges that lead back to where they begin.
struct SubscriptionCheck: Sendable {
    private let configuration: HubConfiguration
    private let read: ReadValues
    private let root = ConfigurationPath("subscriptions")

    init(_ configuration: HubConfiguration, read: ReadValues) {
        self.configuration = configuration
        self.read = read
    }

    /// Every problem, in the order of the names.
    var problems: [ConfigurationProblem] {
        let table = areRoutesKnown ? try? RouteTable(configuration.routes) : nil
        let found = configuration.subscriptions.sorted { $0.key.name < $1.key.name }.flatMap { name, subscription in
            let path = root / name.name
            let options = SubscriptionOptions.settings
            return options.group.problems(in: options.values(of: subscription), at: path, read: read)
                + command(of: subscription, at: path) + filter(of: subscription, at: path)
                + topic(of: subscription, at: path, in: table) + target(of: subscription, at: path, in: table)
        }
        return found + (table.map { BridgeCircles(configuration, $0, read: read).problems } ?? [])
    }

    /// Whether each route that was written could be read, so that a topic without one has none.
    private var areRoutesKnown: Bool {
        let routes = ConfigurationPath("routes")
        let areTopicsGood = configuration.routes.keys.allSatisfy { read.areGood(routes / $0.name / "topic") }
        return read.areGood(routes) && read.isGood(within: routes) && areTopicsGood
    }

    private func topic(
        of subscription: SubscriptionConfiguration, at path: ConfigurationPath, in table: RouteTable?
    ) -> [ConfigurationProblem] {
        let (found, route) = route(of: subscription.topic, at: path / "topic", to: .subscribe, in: table)
        guard let route, read.areGood(ConfigurationPath("routes", route.name.name, "kind"), path / "group") else {
            return found
        }
        return found + group(of: subscription, on: route, at: path / "group")
            + filter(of: subscription, on: route, at: path / "filter")
    }

    private func filter(
        of subscription: SubscriptionConfiguration, on route: Route, at path: ConfigurationPath
    ) -> [ConfigurationProblem] {
        guard subscription.filter != nil, route.configuration.kind == .queue, read.areGood(path) else { return [] }
        let why = "what it does not let through would be accepted, and gone"
        return [ConfigurationProblem(at: path, "a queue has no filter, because \(why); make it kind: stream")]
    }

    private func target(
        of subscription: SubscriptionConfiguration, at path: ConfigurationPath, in table: RouteTable?
    ) -> [ConfigurationProblem] {
        guard let target = subscription.target else { return [] }
        let place = path / "to"
        guard target != subscription.topic else {
            let sentence = "is the topic that is read, a circle; name another topic"
            return read.areGood(place) ? [ConfigurationProblem(at: place, sentence)] : []
        }
        return route(of: target, at: place, to: .publish, in: table).problems
    }

    /// The route of a topic, or why it cannot be used.
    private func route(
        of topic: Topic, at path: ConfigurationPath, to use: Route.TopicUse, in table: RouteTable?
    ) -> (problems: [ConfigurationProblem], route: Route?) {
        guard read.areGood(path) else { return ([], nil) }
        if let wrong = topic.problem {
            return (
                [ConfigurationProblem(at: path, read.hidden[path].map { "\($0) is not a topic" } ?? wrong.sentence)],
                nil
            )
        }
        guard let table else { return ([], nil) }
        let shown = read.shown(topic.name.quoted, at: path)
        guard let route = table.route(of: topic) else {
            let near = topic.name.nearest(in: table.literals.map(\.topic.name))
            let remedy = near.map { "did you mean \($0)?" } ?? "add one, or name another topic"
            return ([ConfigurationProblem(at: path, "\(shown) has no route; \(remedy)")], nil)
        }
        guard case .retired(let replacement) = route.configuration.lifecycle else { return ([], route) }
        let remedy = replacement.map { "use \($0) instead" } ?? "name a topic that is active"
        let sentence = "\(shown) is retired by route \(route.name): to \(use.rawValue) it is refused; \(remedy)"
        return ([ConfigurationProblem(at: path, sentence)], route)
    }

    private func group(
        of subscription: SubscriptionConfiguration, on route: Route, at path: ConfigurationPath
    ) -> [ConfigurationProblem] {
        func problem(_ sentence: String) -> [ConfigurationProblem] { [ConfigurationProblem(at: path, sentence)] }
        let kind = route.configuration.kind
        let groups = route.configuration.groups.keys.map(\.name).sorted()
        let known = groups.isEmpty ? "give it a name" : "name one of \(groups.joined(separator: ", "))"
        guard kind == .stream else {
            return subscription.group == nil ? [] : problem("a \(kind) has no groups; remove it")
        }
        guard let group = subscription.group?.name else {
            return groups.count == 1 ? [] : problem("is not set, and a stream is read by groups; \(known)")
        }
        let shown = read.shown(group.quoted, at: path)
        if group.isEmpty { return problem("is empty; \(known)") }
        if groups.isEmpty || groups.contains(group) { return [] }
        let hint = group.nearest(in: groups).map { "did you mean \($0)?" } ?? "\(known), or add it to the route"
        return problem("\(shown) is not a group of route \(route.name); \(hint)")
    }

    private func command(
        of subscription: SubscriptionConfiguration, at path: ConfigurationPath
    ) -> [ConfigurationProblem] {
        let place = path / "command"
        guard case .run(let words) = subscription.action, read.areGood(path, path / "to", place) else { return [] }
        func problem(_ sentence: String) -> [ConfigurationProblem] { [ConfigurationProblem(at: place, sentence)] }
        guard let program = words.first, !program.isEmpty else {
            return problem("names no program; give a list, the program first: [./handle, --fast]")
        }
        if words.count == 1, program.contains(where: \.isWhitespace) {
            return problem("has a program and its arguments in one text; give a list: [./handle, --fast]")
        }
        if words.contains(where: { $0.utf8.contains(0) }) {
            return problem("contains a NUL, which no program can be given; remove it")
        }
        return []
    }

    private func filter(
        of subscription: SubscriptionConfiguration, at path: ConfigurationPath
    ) -> [ConfigurationProblem] {
        let place = path / "filter"
        guard subscription.filter?.values.isEmpty == true, read.areGood(place), read.isGood(within: place) else {
            return []
        }
        return [ConfigurationProblem(at: place, "has no headers; give at least one, or remove the filter")]
    }
}
