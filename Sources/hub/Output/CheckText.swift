import Messaging
import MessagingHub

/// What `hub check` prints for people. Pure.
enum CheckText {
    static func text(_ report: ConfigurationReport, file: String, _ style: TextStyle) -> String {
        let counts = "\(count(report.brokers.count, "broker")), \(count(report.routes.count, "route"))"
        var lines = ["\(file): \(style.green("no problems")); \(counts)", ""]
        lines += routes(report, style)
        for route in report.routes { lines += details(of: route, style) }
        let noted = report.brokers.filter { !$0.notes.isEmpty }
        if !noted.isEmpty { lines += ["", style.bold("Brokers")] }
        for broker in noted {
            for note in broker.notes { lines.append("  \(broker.name) (\(broker.type)): \(style.yellow(note))") }
        }
        return lines.joined(separator: "\n")
    }

    private static func routes(_ report: ConfigurationReport, _ style: TextStyle) -> [String] {
        var table = TextTable(["ROUTE", "TOPICS", "KIND", "BROKER", "GUARANTEE", "DEAD LETTERS"])
        for route in report.routes {
            let isWeak = route.guarantee == .atMostOnce && route.kind != .pubSub
            table.add([
                .init(route.name.name), .init(route.topics), .init(route.kind.rawValue),
                .init("\(route.broker) (\(route.type))"),
                .init(route.guaranteeInWords) { isWeak ? style.yellow($0) : $0 }, .init(route.deadLetters),
            ])
        }
        return table.lines(style)
    }

    private static func details(of route: RouteReport, _ style: TextStyle) -> [String] {
        var lines = ["", style.bold(route.name.name)]
        for need in route.needs {
            switch need.support {
            case .native: lines.append("  \(need.words): native")
            case .emulated(let cost): lines.append("  \(need.words): emulated, \(cost)")
            case .refused(let reason): lines.append("  \(need.words): \(style.red("refused")), \(reason)")
            }
        }
        lines += [
            "  \(route.guaranteeInWords)\(route.reasons.isEmpty ? "" : ": \(route.reasons.joined(separator: "; "))")"
        ]
        return lines + route.notes.map { "  note: \($0)" }
    }

    private static func count(_ number: Int, _ word: String) -> String { "\(number) \(word)\(number == 1 ? "" : "s")" }
}
