import Messaging
import MessagingTesting

extension Mutant {
    /// Flaws of what is selected.
    static let selections: [Mutant] = selecting + filtering

    /// Flaws of patterns.
    static let selecting: [Mutant] = [
        Mutant(
            "* is any number of tokens",
            caughtBy: [.init(54, "the pattern \"….*\" in the style of … selected ")], for: [.stream, .pubSub]
        ) {
            .ofPatterns { $0.text.hasSuffix(".*") ? ($0.text.dropLast(1) + "#", .amqp) : nil }
        },
        Mutant(
            "# is at least one token",
            caughtBy: [.init(54, "from …, and then none for 1500ms")], for: [.stream, .pubSub]
        ) {
            .ofPatterns { pattern in
                let isLast = pattern.text.hasSuffix(".#") && pattern.text.count { $0 == "#" } == 1
                return isLast ? (pattern.text.dropLast(1) + ">", .nats) : nil
            }
        },
        Mutant(
            "> is also no token",
            caughtBy: [.init(54, "\" in the style of nats selected ")], for: [.stream, .pubSub]
        ) {
            .ofPatterns { $0.text.hasSuffix(".>") ? ($0.text.dropLast(1) + "#", .amqp) : nil }
        },
        Mutant(
            "> is one token",
            caughtBy: [.init(54, "from …, and then none for 1500ms")], for: [.stream, .pubSub]
        ) {
            .ofPatterns { $0.text.hasSuffix(".>") ? ($0.text.dropLast(1) + "*", .nats) : nil }
        },
        Mutant(
            "# stands for nothing but the end of a topic",
            caughtBy: [.init(54, "\" in the style of amqp selected ")], for: [.stream, .pubSub]
        ) {
            .ofPatterns { pattern in
                guard pattern.text.contains("#."), let hash = pattern.text.firstRange(of: "#") else { return nil }
                return (pattern.text[..<hash.upperBound], .amqp)
            }
        },
        Mutant(
            "a delivery of a pattern does not say its topic",
            caughtBy: [.init(54, "gave a delivery the topic none, not conformance.")], for: [.stream, .pubSub]
        ) {
            .ofConsumer { base, _, _ in
                .receiving(base) { deliveries in
                    deliveries.map { delivery in
                        var delivery = delivery
                        delivery.topic = nil
                        return delivery
                    }
                }
            }
        },
        Mutant(
            "a pattern selects only streams that were declared before it",
            caughtBy: [.init(54, "from …, and then none for 1500ms")], for: [.stream]
        ) {
            let declared = Observed<Set<Topic>>([])
            var flaw = Flaw.ofConsumer { base, _, subscription in
                guard case .pattern = subscription.source else { return FlawedConsumer(base: base) }
                let known = declared.value
                return .receiving(base) { $0.filter { $0.topic.map(known.contains) ?? true } }
            }
            flaw.declare = { broker, declarations in
                try await broker.declare(declarations)
                declared.change { $0.formUnion(declarations.map(\.destination.topic)) }
            }
            return flaw
        },
    ]

    /// Flaws of a group's filter.
    static let filtering: [Mutant] = [
        Mutant(
            "a group's filter lets everything through",
            caughtBy: [.init(55, "a filter that lets 2 of 8 through: … should not be there")], spoiling: [96],
            for: [.stream]
        ) {
            .ofFilters { _ in nil }
        },
        Mutant(
            "a filter on any of its values is one on all of them",
            caughtBy: [.init(55, "received 2 of 4 from ")], for: [.stream]
        ) {
            .ofFilters { filter in filter.map { HeaderFilter(.all, $0.values) } }
        },
        Mutant(
            "a filter looks at the first value of a name alone",
            caughtBy: [.init(55, "received 1 of 2 from ")], spoiling: [18, 63, 65, 69], for: [.stream]
        ) {
            .ofMessages { message in
                message.with { message in
                    var seen: Set<HeaderName> = []
                    message.headers = Headers(message.headers.fields.filter { seen.insert($0.name).inserted })
                }
            }
        },
        Mutant(
            "what a filter passes over is not counted",
            caughtBy: [.init(55, "has health count 0 passed over, not 6")], for: [.stream]
        ) {
            .ofHealth { health in
                for index in health.subscriptions.indices { health.subscriptions[index].filtered = 0 }
            }
        },
        Mutant(
            "a group that exists keeps its filter and does not say so",
            caughtBy: [
                .init(55, "declaring a group with another filter succeeded"),
                .init(96, "a declaration that asked for another filter succeeded"),
            ], for: [.stream]
        ) {
            var flaw = Flaw()
            flaw.declare = { broker, declarations in
                do { try await broker.declare(declarations) } catch let error as BrokerError {
                    guard error.code == .conflict, error.sentence.contains("filter") else { throw error }
                }
            }
            return flaw
        },
        Mutant(
            "a group takes on the filter that was asked for last",
            caughtBy: [.init(55, "a group whose filter was asked to be another: ")], for: [.stream]
        ) {
            let isAsked = Observed(false)
            var flaw = Flaw()
            flaw.declare = { broker, declarations in
                do { try await broker.declare(declarations) } catch let error as BrokerError {
                    if error.code == .conflict { isAsked.change { $0 = true } }
                    throw error
                }
            }
            flaw.publish = { broker, messages, destination, options in
                // As a filter on blue would do it.
                let swapped = messages.map { message in
                    message.with { if isAsked.value { $0.headers = $0.headers.swapped } }
                }
                return try await broker.publish(swapped, to: destination, options: options)
            }
            return flaw
        },
        Mutant(
            "a filter on a queue is taken, and does nothing",
            caughtBy: [.init(55, "declaring a queue with a filter succeeded")], for: [.stream]
        ) {
            .ofDeclarations { if $0.destination.kind == .queue { $0.groups = [:] } }
        },
    ]
}

extension Flaw {
    /// A flaw of what a pattern selects: `edit` gives another one in its place.
    fileprivate static func ofPatterns(
        _ edit: @escaping @Sendable (TopicPattern) -> (any StringProtocol, TopicPattern.Style)?
    ) -> Flaw {
        var flaw = Flaw()
        flaw.subscribe = { broker, subscription in
            var subscription = subscription
            if case .pattern(let pattern, let kind) = subscription.source, let (text, style) = edit(pattern) {
                subscription.source = .pattern(try TopicPattern(String(text), style: style), kind)
            }
            return try await broker.subscribe(subscription)
        }
        return flaw
    }

    /// A flaw of the filters of groups.
    fileprivate static func ofFilters(_ edit: @escaping @Sendable (HeaderFilter?) -> HeaderFilter?) -> Flaw {
        .ofDeclarations { declaration in
            for (name, group) in declaration.groups { declaration.groups[name]?.filter = edit(group.filter) }
        }
    }

    /// A flaw of what health says.
    static func ofHealth(_ edit: @escaping @Sendable (inout BrokerHealth) -> Void) -> Flaw {
        var flaw = Flaw()
        flaw.health = { broker in
            var health = await broker.health()
            edit(&health)
            return health
        }
        return flaw
    }
}

extension Headers {
    /// The same with red in place of blue, and the other way round.
    fileprivate var swapped: Headers {
        let isBlue = fields.contains { $0.value == .text("blue") }
        return isBlue ? ["colour": "red", "size": "large"] : ["colour": "blue"]
    }
}
