import Messaging
import MessagingHub

/// What `hub check` prints for people. Pure.
enum CheckText {
    static func text(_ report: ConfigurationReport, file: String, _ style: TextStyle) -> String {
        let counts = "\(count(report.brokers.count, "broker")), \(count(report.routes.count, "route"))"
        var lines = ["\(file): \(style.green("no problems")); \(counts)", ""]
        lines += promises(report, style)
        for route in report.routes { lines += details(of: route, style) }
        for subscription in report.subscriptions { lines += details(of: subscription, style) }
        let noted = report.brokers.filter { !$0.notes.isEmpty }
        if !noted.isEmpty { lines += ["", style.bold("Brokers")] }
        for broker in noted {
            for note in broker.notes { lines.append("  \(broker.name) (\(broker.type)): \(style.yellow(note))") }
        }
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
        lines += ["  topics: \(route.topics)", "  dead letters: \(route.deadLetters)"]
        for need in route.needs {
            switch need.support {
            case .native: lines.append("  \(need.words): native")
            case .emulated(let cost): lines.append("  \(need.words): emulated, \(cost)")
            case .refused(let reason): lines.append("  \(need.words): \(style.red("refused")), \(reason)")
            }
        }
        return lines + [line(route.promise)] + route.notes.map { "  note: \($0)" }
    }

    private static func details(of subscription: SubscriptionReport, _ style: TextStyle) -> [String] {
        let way = "  \(subscription.topic) to \(subscription.target?.name ?? "a command")"
        return ["", style.bold(subscription.name.name), way, line(subscription.promise)]
            + subscription.notes.map { "  note: \($0)" }
    }

    private static func line(_ promise: Promise) -> String {
        let reasons = promise.reasons.map(\.sentence).joined(separator: "; ")
        return "  \(promise.words)\(reasons.isEmpty ? "" : ": \(reasons)")"
    }

    private static func count(_ number: Int, _ word: String) -> String { "\(number) \(word)\(number == 1 ? "" : "s")" }
}
