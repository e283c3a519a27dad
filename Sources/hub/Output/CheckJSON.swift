import Messaging
import MessagingHub

/// What `hub check --json` prints: `{"problems": […]}` or `{"brokers": […], "routes": […]}`. Pure.
enum CheckJSON {
    static func text(_ error: ConfigurationError) -> String {
        JSONText.object([("problems", array(error.problems.map { object($0, "problem") }))])
    }

    /// Something with its place; `name` is what it is.
    private static func object(_ problem: ConfigurationProblem, _ name: String) -> String {
        JSONText.object([
            ("file", optional(problem.file)), ("line", problem.line.map(String.init) ?? "null"),
            ("column", problem.column.map(String.init) ?? "null"),
            ("path", JSONText.quoted(problem.path.description)), (name, JSONText.quoted(problem.sentence)),
        ])
    }

    static func text(_ report: ConfigurationReport) -> String {
        let brokers = report.brokers.map { broker in
            JSONText.object([
                ("name", JSONText.quoted(broker.name.name)), ("type", JSONText.quoted(broker.type.name)),
                ("inThisBuild", String(broker.isInThisBuild)), ("notes", texts(broker.notes)),
            ])
        }
        return JSONText.object([
            ("problems", "[]"), ("warnings", array(report.warnings.map { object($0, "warning") })),
            ("brokers", array(brokers)), ("routes", array(report.routes.map(object))),
            ("subscriptions", array(report.subscriptions.map(object))),
        ])
    }

    private static func object(_ route: RouteReport) -> String {
        let needs = route.needs.map { need in
            JSONText.object([("need", JSONText.quoted(need.words))] + need.support.members)
        }
        return JSONText.object(
            [
                ("name", JSONText.quoted(route.name.name)), ("topics", JSONText.quoted(route.topics)),
                ("kind", JSONText.quoted(route.kind.rawValue)), ("broker", JSONText.quoted(route.broker.name)),
                ("type", JSONText.quoted(route.type.name)),
            ] + members(of: route.promise) + [
                ("deadLetters", JSONText.quoted(route.deadLetters)), ("needs", array(needs)),
                ("notes", texts(route.notes)),
            ])
    }

    private static func object(_ subscription: SubscriptionReport) -> String {
        JSONText.object(
            [
                ("name", JSONText.quoted(subscription.name.name)), ("topic", JSONText.quoted(subscription.topic.name)),
                ("to", optional(subscription.target?.name)),
            ] + members(of: subscription.promise) + [("notes", texts(subscription.notes))])
    }

    /// What is promised, as members of a JSON object.
    static func members(of promise: Promise) -> [(name: String, value: String)] {
        [
            ("guarantee", JSONText.quoted(promise.guarantee.words)), ("order", JSONText.quoted(promise.order.rawValue)),
            ("endsWithProcess", String(promise.endsWithProcess)), ("reasons", texts(promise.reasons.map(\.sentence))),
        ]
    }

    private static func optional(_ text: String?) -> String { text.map(JSONText.quoted) ?? "null" }
    private static func texts(_ texts: [String]) -> String { array(texts.map(JSONText.quoted)) }
    private static func array(_ items: [String]) -> String { "[\(items.joined(separator: ","))]" }
}

extension BrokerCapabilities.Support {
    /// As members of a JSON object: the word, and the cost or the reason.
    var members: [(name: String, value: String)] {
        switch self {
        case .native: [("support", JSONText.quoted("native"))]
        case .emulated(let cost): [("support", JSONText.quoted("emulated")), ("cost", JSONText.quoted(cost))]
        case .refused(let reason): [("support", JSONText.quoted("refused")), ("reason", JSONText.quoted(reason))]
        }
    }
}
