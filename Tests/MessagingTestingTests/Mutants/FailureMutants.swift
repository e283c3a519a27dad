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
            ], spoiling: [6, 8, 13, 19, 29, 79, 101], for: [.queue, .stream]
        ) { .ofDeclarations { $0.durable = false } },
        Mutant(
            "every message is published as transient",
            caughtBy: [
                .init(24, "received 0 of 1 from …, and then none for 1500ms"),
                .init(28, "received 0 of 63 from …, and then none for 1500ms"),
            ], spoiling: [6, 8, 13, 18, 19, 29, 65, 67, 69, 79, 101], for: [.queue, .stream]
        ) { .ofMessages { $0.with { $0.deliveryMode = .transient } } },
        Mutant(
            "delays are forgotten",
            caughtBy: [.init(24, "after a restart, a delayed message came before it was due")], spoiling: [23, 67],
            for: [.queue]
        ) { .ofMessages { $0.with { $0.notBefore = nil } } },
        Mutant(
            "what was settled last is written with what is settled next",
            caughtBy: [
                .init(79, "a message came again though it was settled before"),
                .init(81, "a message came again though it was settled before"),
                .init(85, "what a killed consumer had not settled: m… is missing"),
            ],
            spoiling: [
                1, 2, 4, 5, 6, 7, 8, 9, 10, 11, 12, 14, 15, 16, 22, 25, 34, 37, 38, 41, 44, 45, 46, 48, 49, 53, 54, 55,
                57, 58, 59, 60, 70, 73, 74, 77, 83, 86, 90, 92, 93, 94, 96, 97, 100, 101, 102, 103,
            ], for: [.queue, .stream]
        ) { .settlingLate() },
        Mutant(
            "deliveries are accepted when they are received",
            caughtBy: [.init(85, "received 10 of 20 from …, and then none for 1500ms")],
            spoiling: [
                2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 32, 33, 37, 38, 41, 43, 46,
                48, 49, 51, 56, 57, 58, 60, 68, 69, 73, 74, 75, 77, 80, 83, 87, 88, 90, 92, 93, 94, 95, 96, 97, 98, 100,
                101, 102, 103,
            ], for: [.queue, .stream]
        ) { .acceptingEarly() },
        Mutant(
            "what a killed consumer held comes again as if for the first time",
            caughtBy: [.init(85, "held by a consumer that was killed, it came with attempt 1")],
            spoiling: [3, 4, 6, 11, 13, 14, 15, 16, 17, 18, 19, 21, 60, 68, 88, 101],
            for: [.queue, .stream]
        ) {
            .ofConsumer { base, _, _ in
                .receiving(base) { $0.map { $0.with { $0.attempt = 1 } } }
            }
        },
        Mutant(
            "what nobody held counts as held when a process is killed",
            caughtBy: [.init(85, "not held by a consumer that was killed, it came with attempt 2")],
            spoiling: [
                1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 25, 26, 27, 29, 30, 31,
                32, 33, 34, 37, 38, 40, 41, 43, 44, 45, 46, 47, 48, 49, 50, 51, 52, 53, 54, 55, 56, 57, 58, 59, 60, 61,
                62, 63, 64, 65, 66, 67, 68, 69, 70, 73, 74, 75, 77, 79, 80, 81, 82, 83, 86, 87, 88, 89, 90, 91, 92, 93,
                94, 96, 97, 98, 100, 101, 102, 103,
            ], for: [.queue, .stream]
        ) {
            .ofConsumer { base, _, _ in
                .receiving(base) { $0.map { $0.with { $0.attempt = max(2, $0.attempt) } } }
            }
        },
        Mutant(
            "of publishes at the same time, those that wait for the first are confirmed at once",
            caughtBy: [.init(84, " was confirmed and is not there")], spoiling: [31, 32, 34], byChance: [81],
            for: [.queue, .stream]
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
            caughtBy: [.init(35, " did not return within")], spoiling: [81, 83, 86], for: [.queue, .stream]
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
