import MessagingHub

/// What `hub status` prints for people, in lines of at most 80 characters. Pure.
enum StatusText {
    static func text(_ seen: HubStatus.Seen, _ style: TextStyle) -> String {
        let notices = seen.notices.map { style.yellow(cut("note: \($0)", 80)) }
        let running = seen.running
        if running.isEmpty { return (["no hub process of this user runs"] + notices).joined(separator: "\n") }
        var table = TextTable([
            "PID", "COMMAND", "UP", "SENT/S", "DONE/S", "HELD", "WAIT", "DEAD", "RETRY", "BROKERS",
        ])
        for status in running {
            let up = status.brokers.count { $0.state == "connected" }
            let isWhole = up == status.brokers.count
            table.add([
                .init(String(status.pid)), .init(cut(status.command, 10)), .init(duration(status.uptime)),
                .init(short(status.publishedPerSecond)), .init(short(status.handledPerSecond)),
                .init(status.inFlight.map { short(Double($0)) + old(status) } ?? "-"),
                .init(status.lag.map { short(Double($0)) + old(status) } ?? "-"),
                .init(short(Double(status.deadLettered))) { status.deadLettered > 0 ? style.yellow($0) : $0 },
                .init(short(Double(status.retried))),
                .init(isWhole ? "\(up) up" : "\(up) of \(status.brokers.count)") { isWhole ? $0 : style.red($0) },
            ])
        }
        let lines = table.lines(style) + running.flatMap { details(of: $0, style) }
        return (lines + (notices.isEmpty ? [] : [""] + notices)).joined(separator: "\n")
    }

    /// Marks what was known last.
    private static func old(_ status: HubStatus) -> String { status.countsAreOld ? "?" : "" }

    private static func details(of status: HubStatus, _ style: TextStyle) -> [String] {
        let file = status.configuration.map { ", \($0)" } ?? ""
        let place = status.isElsewhere ? " (in another container)" : ""
        var lines = ["", style.bold(cut("\(status.pid)\(place) \(status.command)\(file): \(status.state)", 80))]
        var table = TextTable(["  ROUTE", "ORDER", "GUARANTEE"])
        for promised in status.routes + status.subscriptions {
            let words = promised.guarantee.replacing("-", with: " ") + (promised.endsWithProcess ? "*" : "")
            let asked = promised.asked.map { ", not \($0.replacing("-", with: " "))" }
            table.add([
                .init("  \(cut(promised.name, 30))"), .init(promised.order),
                .init(words + (asked ?? "")) { asked == nil ? $0 : style.red($0) },
            ])
        }
        lines += table.lines(style)
        for broker in status.brokers where broker.state != "connected" {
            let why = broker.reason.map { ", \($0)" } ?? ""
            lines.append(style.red(cut("  broker \(broker.name) (\(broker.type)) is \(broker.state)\(why)", 80)))
        }
        let missing = status.destinations - status.destinationsCounted
        if missing > 0 {
            let counted = "HELD and WAIT of \(status.destinationsCounted) destinations"
            lines.append(style.dim(cut("  \(counted), + \(missing) more that are not counted", 80)))
        }
        if status.countsAreOld { lines.append(style.dim("  ? as last known: a broker does not answer")) }
        let ends = (status.routes + status.subscriptions).contains(where: \.endsWithProcess)
        return ends ? lines + [style.dim("  * while the process lives")] : lines
    }

    /// A count in at most five characters: `999`, `12.3k`, `4M`.
    static func short(_ number: Double) -> String {
        guard number.isFinite, number > 0 else { return "0" }
        let units: [(size: Double, name: String)] = [(1e9, "G"), (1e6, "M"), (1e3, "k")]
        for unit in units where number >= unit.size {
            let value = number / unit.size
            if value >= 100 { return "\(Int(min(value, 9999)))\(unit.name)" }
            let tenths = Int(value * 10)
            return "\(tenths / 10).\(tenths % 10)\(unit.name)"
        }
        return String(Int(number))
    }

    /// A time in at most six characters: `59s`, `5m02s`, `23h59m`, `12d`.
    static func duration(_ seconds: Double) -> String {
        let whole = seconds.isFinite ? Int(max(0, min(seconds, 1e10))) : 0
        func two(_ number: Int) -> String { number < 10 ? "0\(number)" : String(number) }
        switch whole {
        case ..<60: return "\(whole)s"
        case ..<3600: return "\(whole / 60)m\(two(whole % 60))s"
        case ..<86_400: return "\(whole / 3600)h\(two(whole / 60 % 60))m"
        default: return "\(whole / 86_400)d"
        }
    }

    private static func cut(_ text: String, _ width: Int) -> String {
        text.count > width ? "\(text.prefix(width - 1))…" : text
    }
}
