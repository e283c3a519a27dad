import Messaging

extension ParityProbe {
    private static let stored: [DestinationKind] = [.queue, .stream]

    /// Topics.
    static let names: [ParityProbe] =
        stored.flatMap(declaringByName) + DestinationKind.allCases.flatMap(publishingByName)

    private static func declaringByName(_ kind: DestinationKind) -> [ParityProbe] {
        var probes = odd.map { what, rest in
            ParityProbe("declare a \(kind) whose name has \(what)") { bench in
                _ = try await bench.place(kind, bench.topic(rest))
            }
        }
        probes += [(0, "of the limit"), (1, "of one byte more")].map { more, what in
            ParityProbe("declare a \(kind) with a name \(what)") { bench in
                _ = try await bench.place(kind, bench.topic(bytes: bench.limits.maximumTopicBytes + more))
            }
        }
        probes.append(
            ParityProbe("declare a \(kind) without a name") { bench in
                _ = try await bench.place(kind, Topic(unchecked: ""))
            })
        return probes
    }

    private static func publishingByName(_ kind: DestinationKind) -> [ParityProbe] {
        var probes = odd.map { what, rest in
            ParityProbe("publish to a \(kind) whose name has \(what)") { bench in
                try await bench.publish(Message("x"), to: Destination(bench.topic(rest), kind))
            }
        }
        probes += odd.map { what, rest in
            ParityProbe("subscribe to a \(kind) whose name has \(what)") { bench in
                _ = try await bench.consumer(Destination(bench.topic(rest), kind))
            }
        }
        probes.append(
            ParityProbe("publish to a \(kind) with a name of one byte more than the limit") { bench in
                let topic = bench.topic(bytes: bench.limits.maximumTopicBytes + 1)
                try await bench.publish(Message("x"), to: Destination(topic, kind))
            })
        return probes
    }

    private static let odd: [(String, String)] = [
        ("nothing odd", "plain"), ("a space", "a b"), ("an empty token", "a..b"), ("a dot at its end", "a."),
        ("a star", "*"), ("a hash", "#"), ("an arrow", ">"), ("a bell", "a\u{7}b"), ("an umlaut", "gr\u{FC}n"),
        ("a slash", "a/b"), ("a colon", "a:b"), ("an underscore and a hyphen", "a_b-c"),
    ]

    /// A declaration of each kind that is stored.
    private static func declaring(
        _ what: String, _ kinds: [DestinationKind] = stored,
        _ edit: @escaping @Sendable (inout DestinationDeclaration, ParityBench) -> Void
    ) -> [ParityProbe] {
        kinds.map { kind in
            ParityProbe("declare a \(kind) \(what)") { bench in
                try await bench.declare(Destination(bench.topic(), kind)) { edit(&$0, bench) }
            }
        }
    }

    /// What may be asked of a destination.
    static let declarations: [ParityProbe] =
        declaring("with order") { declaration, _ in declaration.order = .perKey }
        + declaring("with priorities") { declaration, _ in declaration.maximumPriority = 1 }
        + declaring("with a delay") { declaration, _ in declaration.longestDelay = .seconds(60) }
        + declaring("with order and priorities") { declaration, _ in
            declaration.order = .perKey
            declaration.maximumPriority = 1
        }
        + declaring("with order and a delay") { declaration, _ in
            declaration.order = .perKey
            declaration.longestDelay = .seconds(60)
        }
        + declaring("for 10 messages") { declaration, _ in declaration.maximumMessages = 10 }
        + declaring("for no message") { declaration, _ in declaration.maximumMessages = 0 }
        + declaring("for 10 kB") { declaration, _ in declaration.maximumBytes = 10_000 }
        + declaring("for no byte") { declaration, _ in declaration.maximumBytes = 0 }
        + declaring("that refuses when it is full") { declaration, _ in declaration.whenFull = .refuse }
        + declaring("that ends with the server") { declaration, _ in declaration.durable = false }
        + declaring("whose dead letters are dropped") { declaration, _ in declaration.deadLetters = .none }
        + declaring("whose dead letters are the broker's") { declaration, _ in
            declaration.deadLetters = .broker(.queue(Topic(unchecked: "\(declaration.destination.topic).dead")))
        }
        + declaring("with a binding") { declaration, _ in
            let text = "\(declaration.destination.topic).bound.*"
            declaration.bindings = [try? TopicPattern(text, style: .amqp)].compactMap { $0 }
        }
        + declaring("with groups", [.queue]) { declaration, _ in declaration.groups["odd"] = .init() }
        + declaring("with a filter", [.stream]) { declaration, _ in
            declaration.groups["some"] = .init(filter: HeaderFilter(["a": "b"]))
        }
        + declaring("whose group starts at the latest", [.stream]) { declaration, _ in
            declaration.groups["late"] = .init(start: .latest)
        }
        + declaring("that keeps for an hour") { declaration, _ in declaration.retention = .seconds(3600) }
        + declaring("that keeps for as long as may be", [.queue]) { declaration, bench in
            declaration.retention = bench.limits.maximumRetention
        }
        + declaring("that keeps for longer than may be", [.queue]) { declaration, bench in
            declaration.retention = bench.limits.maximumRetention + .milliseconds(1)
        }
        + declaring("that keeps for no time", [.queue]) { declaration, _ in declaration.retention = .zero }

    /// A declaration, and then another one of the same destination.
    private static func declaringAgain(
        _ what: String, _ kinds: [DestinationKind] = stored, needs operation: BrokerCapabilities.Operation? = nil,
        _ edit: @escaping @Sendable (inout DestinationDeclaration) -> Void
    ) -> [ParityProbe] {
        kinds.map { kind in
            ParityProbe("declare a \(kind) again \(what)") { bench in
                let destination = try await bench.place(kind)
                // What is refused anyway is no conflict, and asked elsewhere.
                if let operation, !bench.can(operation, kind) { return }
                try await bench.declare(destination, edit)
            }
        }
    }

    /// What exists, declared again.
    static let conflicts: [ParityProbe] =
        declaringAgain("as it is") { _ in }
        + declaringAgain("with order", needs: .order) { $0.order = .perKey }
        + declaringAgain("with priorities", needs: .priority) { $0.maximumPriority = 1 }
        + declaringAgain("for 10 messages", needs: .bounded) { $0.maximumMessages = 10 }
        + declaringAgain("for 10 kB", needs: .bounded) { $0.maximumBytes = 10_000 }
        + declaringAgain("that keeps for an hour", [.queue], needs: .expiration) { $0.retention = .seconds(3600) }
        + declaringAgain("that refuses when it is full", needs: .bounded) { $0.whenFull = .refuse }
        + declaringAgain("that ends with the server") { $0.durable = false }
        + declaringAgain("with a filter on its group", [.stream], needs: .filter) {
            $0.groups[ParityBench.group] = .init(filter: HeaderFilter(["a": "b"]))
        }
        + declaringAgain("with another group", [.stream]) { $0.groups["another"] = .init() }
        + declaringAgain("with another start of its group", [.stream]) {
            $0.groups[ParityBench.group] = .init(start: .latest)
        }
}
