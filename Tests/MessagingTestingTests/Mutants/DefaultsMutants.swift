import InMemoryBroker
import Messaging
import MessagingHub
import MessagingReliability
import MessagingTesting

extension Mutant {
    /// Flaws of what the hub does where nothing fails, or little, or nothing was configured.
    static let defaults: [Mutant] = [
        Mutant(
            "a hub asks for less than its route does",
            caughtBy: [.init(12, "a hub started whose route asks to hold for ", .hub)]
        ) { .ofRoutes { $0.maxHold = min($0.maxHold, .seconds(60)) } },
        Mutant(
            "a hub asks for more than its route does",
            caughtBy: [.init(12, "which its broker can, did not start", .hub)]
        ) { .ofRoutes { $0.maxHold += .seconds(1) } },
        Mutant(
            "a hub asks for half of the longest hold that a broker of its type may have",
            caughtBy: [.init(12, "a hub started whose route asks to hold for 24h, though its broker can for 12h", .hub)]
        ) { .ofRoutes { if $0.maxHold == BrokerProfile.inMemory.limits.maxHold { $0.maxHold = $0.maxHold / 2 } } },
        Mutant(
            "a message loses its reply-to",
            caughtBy: [
                .init(65, "not what was sent: reply-to reply.here came as nothing"),
                .init(69, "hub check names nothing of it: reply-to reply.here came as nothing", .hub),
            ], spoiling: [67, 90, 91, 92]
        ) { .ofMessages { message in message.with { $0.replyTo = nil } } },
        Mutant(
            "fewer headers are carried than elsewhere, and a message loses its correlation id",
            caughtBy: [
                .init(65, "not what was sent: correlation id correlation-1 came as nothing"),
                .init(69, "hub check names nothing of it: correlation id correlation-1 came as nothing", .hub),
            ], spoiling: [18, 90, 91]
        ) {
            var flaw = Flaw.ofMessages { message in message.with { $0.correlationID = nil } }
            flaw.limits = { $0.maximumHeaders -= 1 }
            return flaw
        },
        Mutant(
            "null bodies are refused, and nothing says so beforehand",
            caughtBy: [.init(69, "null was refused on its way, and hub check names nothing of it", .hub)],
            spoiling: [66],
            for: [.queue, .stream]
        ) {
            .publishing { broker, messages, destination, options in
                if messages.contains(where: { $0.body.isNull }) {
                    throw BrokerError(.unsupported, "a null body cannot be carried")
                }
                return try await broker.publish(messages, to: destination, options: options)
            }
        },
        Mutant(
            "a retry brings back the three that are accepted next",
            caughtBy: [.init(88, " messages ran more than once, though 10 failed", .hub)],
            spoiling: [3, 6, 8, 9, 11, 14, 15, 16, 17, 21, 60, 68, 93, 97, 101]
        ) {
            let left = Observed(0)
            return .ofConsumer { base, _, _ in
                .settling(base) { settlement in
                    switch settlement {
                    case .retry:
                        left.change { $0 += 3 }
                        return settlement
                    case .accept:
                        let isLeft = left.change { left in
                            defer { left = max(0, left - 1) }
                            return left > 0
                        }
                        return isLeft ? .release : .accept
                    default: return settlement
                    }
                }
            }
        },
        Mutant(
            "a retry costs the connection",
            caughtBy: [.init(88, "1 connects, 1 subscriptions and a connection that was cut", .hub)]
        ) {
            let reporting = Observed<[@Sendable (BrokerEvent) -> Void]>([])
            var flaw = Flaw.ofConsumer { base, _, _ in
                .settling(base) { settlement in
                    guard case .retry = settlement else { return settlement }
                    for report in reporting.value {
                        report(.down(BrokerError(.notConnected, "a handler has failed")))
                        report(.up)
                    }
                    return settlement
                }
            }
            flaw.connect = { broker, report in
                reporting.change { $0.append(report) }
                try await broker.connect(reporting: report)
            }
            return flaw
        },
        Mutant(
            "a retry has to be asked for twice",
            caughtBy: [.init(88, "10 failures cost 20 settlements of their own", .hub)],
            spoiling: [3, 13, 14, 15, 16, 60, 68, 97]
        ) {
            let asked = Observed<Set<Receipt>>([])
            return .ofConsumer { base, _, _ in
                var consumer = FlawedConsumer(base: base)
                consumer.settle = { base, settlements in
                    var outcomes: [SettlementOutcome] = []
                    for settlement in settlements {
                        if case .retry = settlement.settlement, base.holds(settlement.receipt),
                            asked.change({ $0.insert(settlement.receipt).inserted })
                        {
                            outcomes.append(.failed(BrokerError(.unavailable, "ask again")))
                        } else {
                            outcomes += await base.settle([settlement])
                        }
                    }
                    return outcomes
                }
                return consumer
            }
        },
        Mutant(
            "after a retry receives return empty",
            caughtBy: [.init(88, "10 failures cost …receives that brought nothing new", .hub)],
            spoiling: [11, 13, 15, 18, 20, 60, 100]
        ) {
            let (retries, calls) = (Observed(0), Observed(0))
            return .ofConsumer { base, _, _ in
                var consumer = FlawedConsumer.settling(base) { settlement in
                    if case .retry = settlement { retries.change { $0 += 1 } }
                    return settlement
                }
                consumer.receive = { base, limit, wait in
                    let call = calls.change { calls in
                        calls += 1
                        return calls
                    }
                    let isEmpty = retries.value > 0 && call % 4 != 0
                    return isEmpty ? [] : try await base.receive(upTo: limit, within: wait)
                }
                return consumer
            }
        },
        Mutant(
            "a publish to what was deleted is confirmed",
            caughtBy: [
                .init(100, "a publish to a destination that was deleted returned as if it had been confirmed", .hub),
                .init(31, "a publish to what was deleted was answered confirmed, not refused(noSuchDestination)"),
            ]
        ) {
            let known = Observed<Set<Destination>>([])
            return .publishing { broker, messages, destination, options in
                do {
                    let receipt = try await broker.publish(messages, to: destination, options: options)
                    known.change { _ = $0.insert(destination) }
                    return receipt
                } catch {
                    let isDeleted = (error as? PublishFailure)?.first.code == .noSuchDestination
                    guard isDeleted, known.value.contains(destination) else { throw error }
                    return PublishReceipt()
                }
            }
        },
        Mutant(
            "the hub has a route for every topic",
            caughtBy: [.init(100, "a publish to a topic without a route returned as if it had been confirmed", .hub)],
            spoiling: [69]
        ) {
            var flaw = Flaw()
            flaw.configure = { configuration in
                guard let all = try? TopicPattern("#", style: .amqp) else { return }
                configuration.routes["all"] = RouteConfiguration(all, to: "main", as: .queue)
            }
            return flaw
        },
        Mutant(
            "the hub repeats no publish",
            caughtBy: [.init(100, "a publish of three, of which one was refused for now, threw …unavailable", .hub)]
        ) { .ofRoutes { $0.publishRetry.attempts = 1 } },
        Mutant(
            "a call that publishes several is repeated with the next one",
            caughtBy: [
                .init(100, "a publish of three, of which one was refused for now: … came more than once", .hub)
            ],
            spoiling: [
                1, 2, 4, 5, 6, 7, 9, 10, 11, 12, 19, 22, 25, 26, 28, 29, 30, 33, 34, 35, 37, 45, 48, 49, 50, 51, 55, 57,
                59, 60, 64, 67, 70, 74, 75, 77, 79, 81, 83, 84, 85, 93, 95, 96, 98, 101, 102, 103,
            ], for: [.queue, .stream]
        ) {
            let several = Observed<[Destination: [Message]]>([:])
            return .publishing { broker, messages, destination, options in
                let earlier = several.change { several in
                    defer { several[destination] = messages.count > 1 ? messages : nil }
                    return several[destination] ?? []
                }
                return try await broker.publish(earlier + messages, to: destination, options: options)
            }
        },
        Mutant(
            "a publish is confirmed one call early",
            caughtBy: [.init(100, "after a publish that returned, … has depth 0", .hub)],
            spoiling: [
                1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28,
                29, 30, 31, 32, 33, 34, 35, 37, 38, 40, 41, 43, 44, 45, 46, 47, 48, 49, 50, 51, 52, 53, 54, 55, 56, 57,
                58, 59, 60, 61, 62, 63, 64, 65, 66, 67, 68, 69, 70, 73, 74, 75, 76, 77, 79, 81, 82, 83, 84, 85, 86, 87,
                88, 89, 90, 91, 92, 93, 94, 95, 96, 97, 98, 101, 102, 103,
            ], for: [.queue, .stream]
        ) {
            let late = Observed<([Message], Destination)?>(nil)
            return .publishing { broker, messages, destination, options in
                let earlier = late.change { late in
                    defer { late = (messages, destination) }
                    return late
                }
                guard let earlier else { return PublishReceipt() }
                return try await broker.publish(earlier.0, to: earlier.1, options: options)
            }
        },
        Mutant(
            "a broker gives up for good after 20 subscriptions",
            caughtBy: [.init(100, "tries a subscription was given up", .hub)], spoiling: [16, 52, 101]
        ) {
            let count = Observed(0)
            var flaw = Flaw()
            flaw.subscribe = { broker, subscription in
                let number = count.change { count in
                    count += 1
                    return count
                }
                if number > 25 { throw BrokerError(.unsupported, "no more") }
                return try await broker.subscribe(subscription)
            }
            return flaw
        },
        Mutant(
            "a connection is given up for good after 20 tries",
            caughtBy: [.init(100, ", refused 25 times, did not report that its connection is up", .hub)]
        ) { .givingUpConnections(after: .seconds(36)) },
        Mutant(
            "the hub's window has no bound to speak of",
            caughtBy: [.init(100, "in a window of 100000", .hub)]
        ) { .ofRoutes { $0.window = 100_000 } },
        Mutant(
            "the hub tries once, where nothing was configured",
            caughtBy: [.init(100, "run 2 did not come within 250ms of its delay of 1s", .hub)], spoiling: [20, 93]
        ) { .ofRoutes { if $0.retry.attempts == 5 { $0.retry.attempts = 1 } } },
    ]
}
