import Messaging
import MessagingTesting

extension Mutant {
    /// Flaws of publishing and declaring.
    static let publishing: [Mutant] = [
        Mutant(
            "the last message of a batch is dropped and confirmed",
            caughtBy: [
                .init(30, "received 498 of 499 from …, and then none for 1500ms")
            ],
            spoiling: [
                1, 2, 4, 5, 6, 7, 8, 9, 10, 11, 12, 19, 20, 22, 23, 24, 25, 26, 27, 28, 29, 33, 34, 35, 37, 38, 41, 45,
                46, 47, 48, 49, 50, 51, 53, 55, 57, 58, 59, 60, 64, 67, 70, 74, 75, 77, 79, 81, 83, 84, 85, 88, 93, 95,
                96, 97, 98, 100, 101, 102, 103,
            ]
        ) {
            .publishing { broker, messages, destination, options in
                let kept = messages.count > 1 ? messages.dropLast() : messages[...]
                return try await broker.publish(Array(kept), to: destination, options: options)
            }
        },
        Mutant(
            "one bad message refuses its whole batch",
            caughtBy: [
                .init(29, "a message of priority 11 was answered refused(tooLarge"),
                .init(30, "500 of 500 messages were not confirmed, though one was bad"),
                .init(33, "a later message of a refused one's key was answered refused(tooLarge"),
                .init(64, "a value that is too long refused its neighbours"),
                .init(67, "beside a priority of 11, 2 other messages were not confirmed"),
            ], spoiling: [26]
        ) {
            .publishing { broker, messages, destination, options in
                for message in messages {
                    guard let refusal = broker.limits.refusal(of: message, at: .now) else { continue }
                    throw PublishFailure.refused(refusal, count: messages.count)
                }
                return try await broker.publish(messages, to: destination, options: options)
            }
        },
        Mutant(
            "a publish that fails names a message that it was not given",
            caughtBy: [.init(29, "publish of 6 failed for message 6, counted from 0")],
            spoiling: [26, 30, 31, 32, 33, 34, 35, 37, 55, 62, 64, 67, 75, 76, 81, 83, 84, 86]
        ) {
            .publishing { broker, messages, destination, options in
                do { return try await broker.publish(messages, to: destination, options: options) } catch {
                    guard var failure = error as? PublishFailure else { throw error }
                    failure.outcomes[failure.count] = .unknown(failure.first)
                    throw failure
                }
            }
        },
        Mutant(
            "a publish that fails names no message",
            caughtBy: [.init(29, "publish of 6 failed for none of them")],
            spoiling: [26, 30, 31, 32, 33, 34, 35, 37, 55, 62, 64, 67, 75, 76, 81, 83, 84, 86, 100]
        ) {
            .publishing { broker, messages, destination, options in
                do { return try await broker.publish(messages, to: destination, options: options) } catch {
                    throw PublishFailure([:], of: messages.count)
                }
            }
        },
        Mutant(
            "an oversized body is cut and confirmed",
            caughtBy: [
                .init(29, "an oversized message was answered confirmed"),
                .init(33, "an oversized message was answered confirmed"),
                .init(30, "oversized within 500 was answered confirmed"),
                .init(62, "a body one byte over the limit was answered confirmed"),
            ], spoiling: [32]
        ) {
            .ofMessages { message in
                guard message.body.count > 1 << 20 else { return message }
                var message = message
                message.body = Body(Array(message.body.array.prefix(1 << 20)))
                return message
            }
        },
        Mutant(
            "every message is published twice",
            caughtBy: [
                .init(30, " came from …: 499 were confirmed, once each"),
                .init(32, "what a thousand tasks published: task …, … in all) is missing"),
                .init(61, "another message came than the one that was sent"),
                .init(65, "not what was sent: id "),
            ],
            spoiling: [
                1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 28, 29,
                31, 33, 34, 37, 38, 40, 41, 43, 44, 45, 46, 47, 48, 49, 50, 51, 52, 53, 54, 55, 56, 57, 59, 60, 62, 64,
                66, 67, 69, 70, 73, 74, 75, 76, 77, 79, 80, 81, 83, 84, 85, 86, 87, 88, 89, 90, 91, 92, 93, 94, 95, 96,
                97, 98, 100, 101, 102, 103,
            ]
        ) {
            .publishing { broker, messages, destination, options in
                _ = try? await broker.publish(messages, to: destination, options: options)
                return try await broker.publish(messages, to: destination, options: options)
            }
        },
        Mutant(
            "a batch is published backwards",
            caughtBy: [
                .init(33, "came in another order than published")
            ], spoiling: [5, 20, 29, 30, 34, 48, 49, 53, 57, 58, 96, 103]
        ) {
            .publishing { broker, messages, destination, options in
                try await broker.publish(messages.reversed(), to: destination, options: options)
            }
        },
        Mutant(
            "publish makes a missing destination",
            caughtBy: [
                .init(31, "a publish to nowhere was answered confirmed, not refused(noSuchDestination)")
            ], spoiling: [55, 100]
        ) {
            .publishing { broker, messages, destination, options in
                do {
                    return try await broker.publish(messages, to: destination, options: options)
                } catch let error as PublishFailure {
                    guard error.first.code == .noSuchDestination else { throw error }
                    try? await broker.declare([DestinationDeclaration(destination)])
                    return try await broker.publish(messages, to: destination, options: options)
                }
            }
        },
        Mutant(
            "subscribe makes a missing destination",
            caughtBy: [
                .init(31, ".place…, which nobody declared, succeeded")
            ], spoiling: [12]
        ) {
            var flaw = Flaw()
            flaw.subscribe = { broker, subscription in
                if case .destination(let destination) = subscription.source, destination.kind != .pubSub {
                    var declaration = DestinationDeclaration(destination)
                    if let group = subscription.group { declaration.groups[group] = .init() }
                    try? await broker.declare([declaration])
                }
                return try await broker.subscribe(subscription)
            }
            return flaw
        },
        Mutant(
            "subscribe makes a missing group of a stream that exists",
            caughtBy: [
                .init(31, "(group …), which nobody declared, succeeded")
            ], for: [.stream]
        ) {
            var flaw = Flaw()
            flaw.subscribe = { broker, subscription in
                if case .destination(let destination) = subscription.source, let group = subscription.group,
                    (try? await broker.replay?.end(of: destination)) != nil
                {
                    var declaration = DestinationDeclaration(destination)
                    declaration.groups[group] = .init()
                    try? await broker.declare([declaration])
                }
                return try await broker.subscribe(subscription)
            }
            return flaw
        },
        Mutant(
            "what could not be sent is confirmed",
            caughtBy: [
                .init(29, "to a server that is down were not all refused or unknown")
            ], spoiling: [35, 81, 83]
        ) {
            .publishing { broker, messages, destination, options in
                do {
                    return try await broker.publish(messages, to: destination, options: options)
                } catch let error as PublishFailure {
                    guard error.first.code == .notConnected || error.first.code == .timeout else { throw error }
                    return PublishReceipt()
                }
            }
        },
        Mutant(
            "a refused message refuses the one that is published after it",
            caughtBy: [
                .init(32, "task … got the answer of another")
            ], spoiling: [29, 30, 31, 34, 35, 37, 62, 64, 67, 76, 86, 100, 101]
        ) {
            let refusal = Observed<BrokerError?>(nil)
            return .publishing { broker, messages, destination, options in
                let earlier = refusal.change { refusal in
                    defer { refusal = nil }
                    return refusal
                }
                if let earlier { throw PublishFailure.refused(earlier, count: messages.count) }
                do {
                    return try await broker.publish(messages, to: destination, options: options)
                } catch let error as PublishFailure {
                    refusal.change { $0 = error.first }
                    throw error
                }
            }
        },
        Mutant(
            "a declaration's bound is not kept",
            caughtBy: [
                .init(37, "a sixth message in a place for five was not refused")
            ], spoiling: [19, 57, 96, 101, 102]
        ) {
            .ofDeclarations { $0.maximumMessages = nil }
        },
        Mutant(
            "a full destination refuses at once, though it was to wait",
            caughtBy: [
                .init(37, "a full place that lets publish wait refused it after …, not after 300ms")
            ], spoiling: [34]
        ) {
            .ofDeclarations { $0.whenFull = .refuse }
        },
        Mutant(
            "a full destination lets publish wait, though it was to refuse",
            caughtBy: [
                .init(37, "a full place that refuses answered only after")
            ], spoiling: [101]
        ) {
            .ofDeclarations { $0.whenFull = .wait }
        },
        Mutant(
            "what a full queue refuses is called confirmed",
            caughtBy: [
                .init(19, "received 0 of 1 from …, and then none for 1500ms", .hub),
                .init(101, "another broker refused what a handler sends on, and its message did not come again", .hub),
            ], spoiling: [37]
        ) {
            .publishing { broker, messages, destination, options in
                do { return try await broker.publish(messages, to: destination, options: options) } catch {
                    guard (error as? PublishFailure)?.first.code == .resourceExhausted else { throw error }
                    return PublishReceipt()
                }
            }
        },
        Mutant(
            "a declaration's order is not kept",
            caughtBy: [
                .init(33, "a later message of a refused one's key was answered confirmed"),
                .init(49, "of key-… came to p… before m"),
            ], spoiling: [96, 103]
        ) {
            .ofDeclarations { $0.order = .none }
        },
        Mutant(
            "publish waits behind a receive",
            caughtBy: [
                .init(38, "a receive with one message there: m1 is missing"),
                .init(43, "while a receive waited, publish took"),
            ], spoiling: [20, 32, 40, 69, 73, 87, 90, 91, 92, 93, 94, 95, 100, 101]
        ) { .receivingBlocksPublishing() },
        Mutant(
            "a message without a subscriber is dropped by every kind",
            caughtBy: [
                .init(51, "received 1 of 4 from …, and then none for 1500ms")
            ],
            spoiling: [
                1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 19, 20, 21, 24, 28, 29, 30, 31, 33, 34, 35, 37, 41,
                44, 48, 49, 53, 54, 55, 56, 58, 59, 60, 70, 74, 76, 84, 85, 88, 92, 93, 96, 97, 98, 100, 101, 102, 103,
            ], for: [.queue, .stream]
        ) {
            let subscribed = Observed<Set<Destination>>([])
            var flaw = Flaw.publishing { broker, messages, destination, options in
                if !subscribed.change({ $0.contains(destination) }) { return PublishReceipt() }
                return try await broker.publish(messages, to: destination, options: options)
            }
            flaw.subscribe = { broker, subscription in
                if case .destination(let destination) = subscription.source {
                    subscribed.change { _ = $0.insert(destination) }
                }
                return try await broker.subscribe(subscription)
            }
            return flaw
        },
    ]
}

extension Flaw {
    /// A flaw of publishing.
    static func publishing(_ publish: @escaping Publish) -> Flaw {
        var flaw = Flaw()
        flaw.publish = publish
        return flaw
    }

    /// Publishing waits until no receive does.
    static func receivingBlocksPublishing() -> Flaw {
        let receiving = Observed(0)
        var flaw = Flaw.ofConsumer { base, _, _ in
            var consumer = FlawedConsumer(base: base)
            consumer.receive = { base, limit, wait in
                receiving.change { $0 += 1 }
                defer { receiving.change { $0 -= 1 } }
                return try await base.receive(upTo: limit, within: wait)
            }
            return consumer
        }
        flaw.publish = { broker, messages, destination, options in
            _ = await receiving.first(within: .seconds(60)) { $0 == 0 }
            return try await broker.publish(messages, to: destination, options: options)
        }
        return flaw
    }
}
