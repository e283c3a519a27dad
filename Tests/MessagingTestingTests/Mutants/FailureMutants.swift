import Messaging
import MessagingTesting

extension Mutant {
    /// Flaws that show when a server, a process or a connection ends.
    static let failure: [Mutant] = [
        Mutant(
            "nothing is declared durable",
            caughtBy: [
                .init(24, " does not exist; declare it"),
                .init(28, "received 0 of 63 from …, and then none for 1500ms"),
            ], for: [.queue, .stream]
        ) { .ofDeclarations { $0.durable = false } },
        Mutant(
            "every message is published as transient",
            caughtBy: [
                .init(24, "received 0 of 1 from …, and then none for 1500ms"),
                .init(28, "received 0 of 63 from …, and then none for 1500ms"),
            ], spoiling: [65], for: [.queue, .stream]
        ) { .ofMessages { $0.with { $0.deliveryMode = .transient } } },
        Mutant(
            "delays are forgotten",
            caughtBy: [.init(24, "after a restart, a delayed message came before it was due")], spoiling: [65],
            for: [.queue]
        ) { .ofMessages { $0.with { $0.notBefore = nil } } },
        Mutant(
            "what was settled last is written with what is settled next",
            caughtBy: [
                .init(79, "a message came again though it was settled before"),
                .init(81, "a message came again though it was settled before"),
                .init(85, "what a killed consumer had not settled: m… is missing"),
            ], spoiling: [4, 5, 7, 15, 33, 38, 45, 47, 51, 56, 75], for: [.queue, .stream]
        ) { .settlingLate() },
        Mutant(
            "deliveries are accepted when they are received",
            caughtBy: [.init(85, "received 10 of 20 from …, and then none for 1500ms")],
            spoiling: [4, 5, 7, 15, 31, 33, 38, 45, 47, 51, 56, 75], for: [.queue, .stream]
        ) { .acceptingEarly() },
        Mutant(
            "what a killed consumer held comes again as if for the first time",
            caughtBy: [.init(85, "held by a consumer that was killed, it came with attempt 1")], spoiling: [4, 15],
            for: [.queue, .stream]
        ) {
            .ofConsumer { base, _, _ in
                .receiving(base) { $0.map { $0.with { $0.attempt = 1 } } }
            }
        },
        Mutant(
            "what nobody held counts as held when a process is killed",
            caughtBy: [.init(85, "not held by a consumer that was killed, it came with attempt 2")],
            spoiling: [4, 5, 7, 15, 31, 33, 38, 45, 47, 51, 56, 61, 65, 75], for: [.queue, .stream]
        ) {
            .ofConsumer { base, _, _ in
                .receiving(base) { $0.map { $0.with { $0.attempt = max(2, $0.attempt) } } }
            }
        },
        Mutant(
            "of publishes at the same time, those that wait for the first are confirmed at once",
            caughtBy: [.init(84, " was confirmed and is not there")], spoiling: [31, 33], for: [.queue, .stream]
        ) { .confirmingEarly() },
    ]

    /// Flaws of what is said of a publish whose answer is lost.
    static let doubtful: [Mutant] = [
        Mutant(
            "a publish whose answer is lost is said to be confirmed",
            caughtBy: [
                .init(35, " was confirmed and is not there"),
                .init(81, " was confirmed and never handled: lost"),
                .init(83, " was confirmed and never handled: lost"),
            ], for: [.queue, .stream]
        ) {
            .publishing { broker, messages, destination, options in
                do {
                    return try await broker.publish(messages, to: destination, options: options)
                } catch let failure as PublishFailure where failure.isUnknown {
                    return PublishReceipt()
                }
            }
        },
        Mutant(
            "a publish whose answer is lost is said to be refused",
            caughtBy: [
                .init(35, " was refused and is there"),
                .init(83, " was refused and handled"),
            ], for: [.queue, .stream]
        ) {
            .publishing { broker, messages, destination, options in
                do {
                    return try await broker.publish(messages, to: destination, options: options)
                } catch let failure as PublishFailure where failure.isUnknown {
                    throw PublishFailure.refused(failure.first, count: messages.count)
                }
            }
        },
        Mutant(
            "a publish whose answer is lost never returns",
            caughtBy: [.init(35, " did not return within")], for: [.queue, .stream]
        ) {
            .publishing { broker, messages, destination, options in
                do {
                    return try await broker.publish(messages, to: destination, options: options)
                } catch let failure as PublishFailure where failure.isUnknown {
                    try await SystemTime.shared.sleep(for: .seconds(600))
                    throw failure
                }
            }
        },
        Mutant(
            "a server that is down is said to refuse for good",
            caughtBy: [.init(80, "a subscription made while the server was down did not live on: ", .hub)]
        ) {
            var flaw = Flaw()
            flaw.declare = { broker, declarations in
                do throws(BrokerError) { try await broker.declare(declarations) } catch { throw error.forGood }
            }
            flaw.subscribe = { broker, subscription in
                do throws(BrokerError) { return try await broker.subscribe(subscription) } catch { throw error.forGood }
            }
            return flaw
        },
        Mutant(
            "a subscription that did not succeed at once is deaf",
            caughtBy: [.init(80, "while the server was down hears nothing now that it is up", .hub)]
        ) { .deafOnceItFailed() },
    ]
}

extension Delivery {
    /// This delivery with some of it changed.
    fileprivate func with(_ edit: (inout Delivery) -> Void) -> Delivery {
        var delivery = self
        edit(&delivery)
        return delivery
    }
}

extension PublishFailure {
    /// Whether nobody knows of a message whether it is there.
    fileprivate var isUnknown: Bool { outcomes.values.contains { if case .unknown = $0 { true } else { false } } }
}

extension BrokerError {
    /// The same, as if it would never be otherwise.
    fileprivate var forGood: BrokerError {
        code == .notConnected ? BrokerError(.invalidArgument, sentence) : self
    }
}

extension Flaw {
    /// Accepts are answered at once and written with the next ones.
    fileprivate static func settlingLate() -> Flaw {
        .ofConsumer { base, _, _ in
            let late = Observed<[ReceiptSettlement]>([])
            var consumer = FlawedConsumer(base: base)
            consumer.settle = { base, settlements in
                let accepts = settlements.allSatisfy { if case .accept = $0.settlement { true } else { false } }
                let due = late.change { late in
                    defer { late = accepts ? settlements : [] }
                    return late
                }
                if !due.isEmpty { _ = await base.settle(due) }
                if !accepts { return await base.settle(settlements) }
                return settlements.map { base.holds($0.receipt) ? .settled : .stale }
            }
            return consumer
        }
    }

    /// What is received is accepted before anybody has handled it.
    fileprivate static func acceptingEarly() -> Flaw {
        .ofConsumer { base, _, _ in
            var consumer = FlawedConsumer(base: base)
            consumer.receive = { base, limit, wait in
                let deliveries = try await base.receive(upTo: limit, within: wait)
                _ = await base.settle(deliveries.map { ReceiptSettlement($0.receipt, .accept) })
                return deliveries
            }
            consumer.settle = { _, settlements in settlements.map { _ in .settled } }
            return consumer
        }
    }

    /// The first of several publishes at the same time sends what the others have left it, which are confirmed by then.
    fileprivate static func confirmingEarly() -> Flaw {
        struct Line: Sendable {
            var isLed = false
            var left: [(messages: [Message], destination: Destination)] = []
        }
        let line = Observed(Line())
        return .publishing { broker, messages, destination, options in
            let leads = line.change { line in
                if line.isLed { line.left.append((messages, destination)) }
                defer { line.isLed = true }
                return !line.isLed
            }
            if !leads { return PublishReceipt() }
            defer { line.change { $0.isLed = false } }
            try await SystemTime.shared.sleep(for: .milliseconds(5))
            let receipt = try await broker.publish(messages, to: destination, options: options)
            let left = line.change { line in
                defer { line.left = [] }
                return line.left
            }
            for (messages, destination) in left {
                _ = try? await broker.publish(messages, to: destination, options: options)
            }
            return receipt
        }
    }

    /// Once a call before it has failed for want of a server, a subscription receives nothing.
    fileprivate static func deafOnceItFailed() -> Flaw {
        let hasFailed = Observed(false)
        let note: @Sendable (BrokerError) -> BrokerError = { error in
            if error.code == .notConnected { hasFailed.change { $0 = true } }
            return error
        }
        var flaw = Flaw()
        flaw.declare = { broker, declarations in
            do throws(BrokerError) { try await broker.declare(declarations) } catch { throw note(error) }
        }
        flaw.subscribe = { broker, subscription in
            do throws(BrokerError) {
                let base = try await broker.subscribe(subscription)
                return hasFailed.value ? FlawedConsumer.deaf(base) { true } : base
            } catch { throw note(error) }
        }
        return flaw
    }
}

extension FlawedConsumer {
    /// A consumer that receives nothing while this holds.
    static func deaf(_ base: any MessageConsumer, while isDeaf: @escaping @Sendable () -> Bool) -> FlawedConsumer {
        var consumer = FlawedConsumer(base: base)
        consumer.receive = { base, limit, wait in
            if !isDeaf() { return try await base.receive(upTo: limit, within: wait) }
            try await SystemTime.shared.sleep(for: wait)
            return []
        }
        return consumer
    }
}
