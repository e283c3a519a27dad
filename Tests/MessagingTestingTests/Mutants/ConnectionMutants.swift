import Messaging
import MessagingTesting

extension Mutant {
    /// Flaws of connections that break and come back, and of subscriptions that fail.
    static let connections: [Mutant] = [
        Mutant(
            "a consumer is silent once a connection was lost",
            caughtBy: [
                .init(79, "after the server was … and started, nothing that was published then was handled"),
                .init(81, "after the server was frozen and thawed, nothing that was published then was handled"),
                .init(83, "after a cut while the …, nothing that was published then was handled"),
                .init(82, "received 0 of 1 from …, and then none for 1500ms"),
                .init(86, "after 1 reconnects, a consumer did not hear what was published"),
                .init(89, "after it was away, a consumer did not hear what was published"),
            ], spoiling: [8, 100]
        ) { .countingLosses { base, _, _, losses in .deaf(base) { losses() > 0 } } },
        Mutant(
            "a subscription is not made again the twentieth time",
            caughtBy: [.init(86, "its subscription was not made again")]
        ) {
            .countingLosses { base, _, _, losses in
                var consumer = FlawedConsumer(base: base)
                consumer.receive = { base, limit, wait in
                    if losses() < 20 { return try await base.receive(upTo: limit, within: wait) }
                    throw BrokerError.ended(.cancelled, "its subscription was not made again")
                }
                return consumer
            }
        },
        Mutant(
            "each reconnect leaves a consumer behind",
            caughtBy: [.init(86, "after 100 reconnects, health counts … consumers, not 1")], spoiling: [89, 103]
        ) {
            let left = Observed<[any MessageConsumer]>([])
            return .countingLosses { base, broker, subscription, losses in
                var consumer = FlawedConsumer(base: base)
                consumer.receive = { base, limit, wait in
                    if losses() > left.value.count, let another = try? await broker.subscribe(subscription) {
                        left.change { $0.append(another) }
                    }
                    return try await base.receive(upTo: limit, within: wait)
                }
                return consumer
            }
        },
        Mutant(
            "each reconnect leaves a connection behind",
            caughtBy: [.init(86, "100 reconnects left … connections behind")]
        ) {
            let left = Observed<[any MessageBroker]>([])
            return .countingLosses { base, broker, subscription, losses in
                var consumer = FlawedConsumer(base: base)
                consumer.receive = { base, limit, wait in
                    if losses() > left.value.count, let another = await broker.another() {
                        left.change { $0.append(another) }
                    }
                    return try await base.receive(upTo: limit, within: wait)
                }
                return consumer
            }
        },
        Mutant(
            "a silent connection is never noticed",
            caughtBy: [.init(82, ", black-holed, did not report that its connection is gone")], spoiling: [103]
        ) { .reporting { event, report in if !event.isOfSilence { report(event) } } },
        Mutant(
            "a silent connection is noticed after twice the time",
            caughtBy: [
                .init(82, "noticing that a connection is black-holed took over 400ms in two of three tries")
            ]
        ) {
            .reporting { event, report in
                guard event.isOfSilence else { return report(event) }
                _ = SystemTime.shared.alarm(at: SystemTime.shared.uptime + .milliseconds(500)) { report(event) }
            }
        },
        Mutant(
            "the loss of a connection is reported twice",
            caughtBy: [
                .init(82, " reported twice in a row that its connection is down"),
                .init(86, " reported twice in a row that its connection is down"),
            ]
        ) {
            .reporting { event, report in
                if case .down = event { report(event) }
                report(event)
            }
        },
        Mutant(
            "a connection that came back does not report it",
            caughtBy: [
                .init(35, " did not report that its connection is up"),
                .init(82, ", no longer black-holed, did not report that its connection is up"),
                .init(86, ", cut for the 1. time, did not report that its connection is up"),
                .init(89, ", no longer refused, did not report that its connection is up"),
            ], spoiling: [99, 100]
        ) {
            .reporting { event, report in if event != .up { report(event) } }
        },
        Mutant(
            "a gap is not reported",
            caughtBy: [.init(89, "a subscriber that was away did not report the gap")]
        ) { .reporting { event, report in if !event.isOfGap { report(event) } } },
        Mutant(
            "a gap is reported twice",
            caughtBy: [.init(89, "a subscriber that was away … times reported … gaps")]
        ) {
            .reporting { event, report in
                if event.isOfGap { report(event) }
                report(event)
            }
        },
        Mutant(
            "a gap of one is reported by all",
            caughtBy: [.init(89, "a subscriber that was not away reported a gap")]
        ) {
            let all = Observed<[@Sendable (BrokerEvent) -> Void]>([])
            var flaw = Flaw()
            flaw.connect = { broker, report in
                all.change { $0.append(report) }
                try await broker.connect { event in
                    if event.isOfGap { for report in all.value { report(event) } } else { report(event) }
                }
            }
            return flaw
        },
        Mutant(
            "a subscription that fails ends its neighbours",
            caughtBy: [.init(87, "a neighbour has failed")], spoiling: [31, 75]
        ) { .failingTogether() },
        Mutant(
            "a subscription without a permission fails for no reason that is said",
            caughtBy: [.init(87, "a subscription without a permission was refused with brokerFailure")]
        ) {
            var flaw = Flaw()
            flaw.subscribe = { broker, subscription in
                do throws(BrokerError) { return try await broker.subscribe(subscription) } catch {
                    guard error.code == .unauthorized else { throw error }
                    throw BrokerError(.brokerFailure, "it did not work", during: .subscribe)
                }
            }
            return flaw
        },
        Mutant(
            "a subscription that fails takes its connection with it",
            caughtBy: [.init(87, "a failing subscription took its connection with it")]
        ) {
            let all = Observed<[@Sendable (BrokerEvent) -> Void]>([])
            var flaw = Flaw()
            flaw.connect = { broker, report in
                all.change { $0.append(report) }
                try await broker.connect(reporting: report)
            }
            flaw.subscribe = { broker, subscription in
                do throws(BrokerError) { return try await broker.subscribe(subscription) } catch {
                    for report in all.value { report(.down(error)) }
                    throw error
                }
            }
            return flaw
        },
        Mutant(
            "health says connected while the connection is gone",
            caughtBy: [.init(99, "cut off, health says connected with 2 consumers, not disconnected with 2")]
        ) { .ofHealth { if $0.state == .disconnected { $0.state = .connected } } },
        Mutant(
            "health counts no consumers",
            caughtBy: [
                .init(99, "with two subscriptions, health says connected with 0 consumers, not connected with 2")
            ], spoiling: [86]
        ) { .ofHealth { $0.consumers = 0 } },
        Mutant(
            "health says connected though a subscription has ended",
            caughtBy: [
                .init(99, "was deleted, health says connected with 1 consumers, not degraded with 1")
            ], for: [.queue, .stream]
        ) { .ofHealth { if $0.state == .degraded { $0.state = .connected } } },
    ]
}

extension BrokerEvent {
    /// Whether it says that a connection is gone because nothing was heard.
    fileprivate var isOfSilence: Bool {
        if case .down(let error) = self { error.sentence.contains("nothing was heard") } else { false }
    }

    fileprivate var isOfGap: Bool { if case .gap = self { true } else { false } }
}

extension Flaw {
    /// A flaw of what is reported: `edit` passes on an event, or something else.
    fileprivate static func reporting(
        _ edit: @escaping @Sendable (BrokerEvent, @escaping @Sendable (BrokerEvent) -> Void) -> Void
    ) -> Flaw {
        var flaw = Flaw()
        flaw.connect = { broker, report in try await broker.connect { edit($0, report) } }
        return flaw
    }

    /// A flaw of a consumer that knows how often connections were lost since it subscribed.
    fileprivate static func countingLosses(
        _ make:
            @escaping @Sendable (any MessageConsumer, any MessageBroker, Subscription, @escaping @Sendable () -> Int)
            -> FlawedConsumer
    ) -> Flaw {
        let losses = Observed(0)
        var flaw = Flaw.reporting { event, report in
            if case .down = event { losses.change { $0 += 1 } }
            report(event)
        }
        flaw.subscribe = { broker, subscription in
            let before = losses.value
            return make(try await broker.subscribe(subscription), broker, subscription) { losses.value - before }
        }
        return flaw
    }

    /// Once a subscription has failed, every other gives no more.
    fileprivate static func failingTogether() -> Flaw {
        let hasFailed = Observed(false)
        var flaw = Flaw()
        flaw.subscribe = { broker, subscription in
            do {
                var consumer = FlawedConsumer(base: try await broker.subscribe(subscription))
                consumer.receive = { base, limit, wait in
                    if hasFailed.value { throw BrokerError.ended(.cancelled, "a neighbour has failed") }
                    return try await base.receive(upTo: limit, within: wait)
                }
                return consumer
            } catch {
                hasFailed.change { $0 = true }
                throw error
            }
        }
        return flaw
    }
}
