import Messaging

/// What `hub brokers` prints for people. Pure.
enum BrokersText {
    /// A table for each kind: operations down, types of broker across.
    static func tables(_ profiles: [BrokerProfile], built: Set<BrokerType>, _ style: TextStyle) -> String {
        var lines: [String] = []
        for kind in DestinationKind.allCases {
            var table = TextTable([kind.rawValue] + profiles.map(\.type.name))
            for operation in operations(of: profiles, on: kind) {
                let cells = profiles.map { cell($0.capabilities[kind, operation], style) }
                table.add([.init(operation.words)] + cells)
            }
            lines += table.lines(style) + [""]
        }
        lines += [style.dim("yes*: emulated by the backend, at a cost")]
        let absent = profiles.filter { !built.contains($0.type) }
        lines += absent.map { "\($0.type) is not in this build\(remedy($0))" }
            .flatMap { $0.wrapped(at: HelpText.width, indent: 2) }.map(style.dim)
        lines.append(style.dim("hub brokers TYPE names costs, reasons and options"))
        return lines.joined(separator: "\n")
    }

    /// All about one type.
    static func details(_ profile: BrokerProfile, built: Set<BrokerType>, _ style: TextStyle) -> String {
        let here = built.contains(profile.type) ? "in this build" : "not in this build\(remedy(profile))"
        let head = "\(profile.type.name): \(profile.scheme)://, \(here)"
        var lines = head.wrapped(at: HelpText.width, indent: 2)
        for kind in DestinationKind.allCases {
            lines += ["", style.bold(kind.rawValue)]
            for operation in operations(of: [profile], on: kind) {
                lines += "\(operation.words): \(words(profile.capabilities[kind, operation]))"
                    .wrapped(at: HelpText.width, margin: 2, indent: 2)
            }
        }
        lines += ["", style.bold("limits")] + limits(of: profile).map { "  \($0)" }
        lines += ["", style.bold("options")]
        var table = TextTable(["name", "default", "what it is"])
        for option in profile.options.descriptions {
            let text = option.isSecret ? "" : option.defaultText
            table.add([
                .init(option.name), .init(text), .init("\(option.meaning); \(option.allowedDescription)"),
            ])
        }
        return (lines + table.lines(style, indent: 2, width: HelpText.width)).joined(separator: "\n")
    }

    /// The operations that some of these types offer for a kind.
    private static func operations(
        of profiles: [BrokerProfile], on kind: DestinationKind
    ) -> [BrokerCapabilities.Operation] {
        BrokerCapabilities.Operation.allCases.filter { operation in
            profiles.contains { $0.capabilities.operations[kind]?[operation] != nil }
        }
    }

    private static func cell(_ support: BrokerCapabilities.Support, _ style: TextStyle) -> TextTable.Cell {
        switch support {
        case .native: .init("yes", style.green)
        case .emulated: .init("yes*", style.yellow)
        case .refused: .init("no", style.dim)
        }
    }

    private static func words(_ support: BrokerCapabilities.Support) -> String {
        switch support {
        case .native: "yes"
        case .emulated(let cost): "emulated, \(cost)"
        case .refused(let reason): "no, \(reason)"
        }
    }

    private static func remedy(_ profile: BrokerProfile) -> String {
        let parts = [profile.trait.map { "trait \($0)" }, profile.package.map { "package \($0)" }].compactMap { $0 }
        return parts.isEmpty ? "" : " (to come with \(parts.joined(separator: ", ")))"
    }

    private static func limits(of profile: BrokerProfile) -> [String] {
        let limits = profile.limits
        return [
            "body: \(ByteCount(limits.maximumBodyBytes).optionText)",
            "headers: \(limits.maximumHeaders), values of \(limits.headerGrammar.rawValue)",
            "topic: \(limits.maximumTopicBytes) bytes of \(limits.nameGrammar.rawValue)",
            "priority: 0 to \(limits.maximumPriority)",
            "delay: up to \(limits.maximumDelay.optionText), in steps of \(limits.delayGranularity.optionText)",
            "retention of a queue: up to \(limits.maximumRetention.optionText)",
            "hold: up to \(limits.maxHold.optionText)",
            "settlements that a crash may undo: those of the last \(limits.settleLag.optionText)",
            "attempt after a crash: \(profile.capabilities.crashCount.words)",
        ]
    }
}

extension BrokerCapabilities.Operation {
    /// What it is, in a few words.
    var words: String {
        switch self {
        case .serve: "publish, receive, settle"
        case .retry: "retry after a delay"
        case .delay: "delayed messages"
        case .priority: "priorities"
        case .expiration: "expiration"
        case .expiredCount: "counts what expired"
        case .order: "keeps order, per key or all"
        case .atomicForward: "forward in one step"
        case .brokerDeadLetters: "dead letters by the broker"
        case .untilEnd: "reads up to the end"
        case .pattern: "subscribe to a pattern"
        case .filter: "a group's filter"
        case .bindings: "bindings"
        case .replay: "replay"
        case .bounded: "limits of length and size"
        case .binaryHeaders: "headers of any bytes"
        case .nullBody: "null bodies"
        case .durable: "outlives the broker's process"
        case .oldestAge: "age of the oldest message"
        case .heldCount: "counts what is held"
        case .delayCount: "counts what is delayed"
        case .fencing: "replaces who holds too long"
        case .request: "tells that nobody listens"
        }
    }
}

extension BrokerCapabilities.CrashCount {
    /// What it means, in a few words.
    fileprivate var words: String {
        switch self {
        case .exact: "one more for each message that was begun"
        case .deliveries: "one more for each message that was handed out"
        case .redeliveredOnly: "2, whatever it was"
        case .none: "as before"
        }
    }
}
