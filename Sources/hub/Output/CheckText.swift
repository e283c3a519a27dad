import Messaging
import MessagingHub

/// What `hub check` prints for people. Pure.
enum CheckText {
    static func text(_ report: ConfigurationReport, file: String, _ style: TextStyle) -> String {
        let counts = "\(count(report.brokers.count, "broker")), \(count(report.routes.count, "route"))"
        let warnings = report.warnings.isEmpty ? "" : "; \(style.yellow(count(report.warnings.count, "warning")))"
        var lines = ["\(file): \(style.green("no problems")); \(counts)\(warnings)", ""]
        lines += promises(report, style)
        for route in report.routes { lines += details(of: route, style) }
        for subscription in report.subscriptions { lines += details(of: subscription, style) }
        let noted = report.brokers.filter { !$0.notes.isEmpty }
        if !noted.isEmpty { lines += ["", style.bold("Brokers")] }
        for broker in noted {
            for note in broker.notes { lines += wrapped("\(broker.name) (\(broker.type)): \(note)") }
        }
        if !report.warnings.isEmpty { lines += ["", style.bold("Warnings")] }
        for warning in report.warnings { lines += wrapped(warning.description).map(style.yellow) }
        return lines.joined(separator: "\n")
    }

    /// What is promised for routes and subscriptions, in lines of at most 80 characters.
    private static func promises(_ report: ConfigurationReport, _ style: TextStyle) -> [String] {
        var table = TextTable(["ROUTE", "KIND", "ORDER", "GUARANTEE", "BROKER"])
        for route in report.routes {
            table.add([
                .init(cut(route.name.name, 22)), .init(route.kind.rawValue), .init(route.promise.order.rawValue),
                guarantee(route.promise, isLive: route.kind == .pubSub, style),
                .init(cut("\(route.broker) (\(route.type))", 22)),
            ])
        }
        var lines = table.lines(style)
        if !report.subscriptions.isEmpty {
            var table = TextTable(["SUBSCRIPTION", "ORDER", "GUARANTEE", "TO"])
            for subscription in report.subscriptions {
                table.add([
                    .init(cut(subscription.name.name, 22)), .init(subscription.promise.order.rawValue),
                    guarantee(subscription.promise, isLive: false, style),
                    .init(cut(subscription.target?.name ?? "a command", 30)),
                ])
            }
            lines += [""] + table.lines(style)
        }
        let all = report.routes.map(\.promise) + report.subscriptions.map(\.promise)
        return all.contains(where: \.endsWithProcess) ? lines + ["", style.dim("* while the process lives")] : lines
    }

    private static func guarantee(_ promise: Promise, isLive: Bool, _ style: TextStyle) -> TextTable.Cell {
        let isWeak = promise.guarantee == .atMostOnce && !isLive
        return .init(promise.guarantee.words + (promise.endsWithProcess ? "*" : "")) { isWeak ? style.yellow($0) : $0 }
    }

    private static func cut(_ text: String, _ width: Int) -> String {
        text.count > width ? "\(text.prefix(width - 1))…" : text
    }

    private static func details(of route: RouteReport, _ style: TextStyle) -> [String] {
        var lines = ["", style.bold(route.name.name)]
        lines += wrapped("topics: \(route.topics)") + wrapped("dead letters: \(route.deadLetters)")
        for need in route.needs {
            switch need.support {
            case .native: lines += wrapped("\(need.words): native")
            case .emulated(let cost): lines += wrapped("\(need.words): emulated, \(cost)")
            case .refused(let reason): lines += wrapped("\(need.words): refused, \(reason)").map(style.red)
            }
        }
        return lines + wrapped(line(route.promise)) + route.notes.flatMap { wrapped("note: \($0)") }
    }

    private static func details(of subscription: SubscriptionReport, _ style: TextStyle) -> [String] {
        let way = "\(subscription.topic) to \(subscription.target?.name ?? "a command")"
        return ["", style.bold(subscription.name.name)] + wrapped(way) + wrapped(line(subscription.promise))
            + subscription.notes.flatMap { wrapped("note: \($0)") }
    }

    private static func line(_ promise: Promise) -> String {
        let reasons = promise.reasons.map(\.sentence).joined(separator: "; ")
        return "\(promise.words)\(reasons.isEmpty ? "" : ": \(reasons)")"
    }

    private static func wrapped(_ text: String) -> [String] {
        text.wrapped(at: HelpText.width, margin: 2, indent: 2)
    }

    private static func count(_ number: Int, _ word: String) -> String { "\(number) \(word)\(number == 1 ? "" : "s")" }
}
