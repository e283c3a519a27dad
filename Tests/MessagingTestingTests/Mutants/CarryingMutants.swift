import Messaging
import MessagingTesting

extension Mutant {
    /// Flaws of bodies, timestamps and what a foreign client wrote.
    static let carrying: [Mutant] = [
        Mutant(
            "a message that has expired is confirmed and thrown away",
            caughtBy: [
                .init(26, "a message that expired … ago was answered confirmed, not refused(expired)")
            ]
        ) {
            .publishing { broker, messages, destination, options in
                try await broker.publish(messages.filter { !$0.hasExpired }, to: destination, options: options)
            }
        },
        Mutant(
            "a message that has expired refuses those beside it",
            caughtBy: [
                .init(26, "3 of 3 messages were not confirmed, not 1")
            ]
        ) {
            .publishing { broker, messages, destination, options in
                if messages.contains(where: \.hasExpired) {
                    throw PublishFailure.refused(BrokerError(.expired, "one has expired"), count: messages.count)
                }
                return try await broker.publish(messages, to: destination, options: options)
            }
        },
        Mutant(
            "the broker's clock takes the place of the publisher's",
            caughtBy: [
                .init(27, "a timestamp of … arrived as ")
            ], spoiling: [18, 65, 67, 69]
        ) {
            .ofMessages { message in message.with { $0.timestamp = .now } }
        },
        Mutant(
            "a timestamp is carried in steps of ten milliseconds",
            caughtBy: [
                .init(27, "a timestamp of … arrived as ")
            ], spoiling: [18, 65, 67, 69]
        ) {
            .ofMessages { message in
                message.with { $0.timestamp = Timestamp(milliseconds: $0.timestamp.milliseconds / 10 * 10) }
            }
        },
        Mutant(
            "a body of exactly the limit is refused",
            caughtBy: [
                .init(62, "a body of 1048576 bytes, the limit, was answered [0: ")
            ], spoiling: [61]
        ) {
            .publishing { broker, messages, destination, options in
                let limit = broker.limits.maximumBodyBytes
                if messages.contains(where: { $0.body.count == limit }) {
                    let error = BrokerError(.tooLarge, "the limit is \(limit) bytes")
                    throw PublishFailure.refused(error, count: messages.count)
                }
                return try await broker.publish(messages, to: destination, options: options)
            }
        },
        Mutant(
            "a body of exactly the limit loses its last byte",
            caughtBy: [
                .init(62, "a body of 1048576 bytes, the limit, arrived as 1048575 other bytes")
            ], spoiling: [61]
        ) {
            .ofMessages { message in
                if message.body.count != 1 << 20 { return message }
                return message.with { $0.body = Body(Array($0.body.array.dropLast())) }
            }
        },
        Mutant(
            "the refusal of a large body does not say how large it may be",
            caughtBy: [
                .init(62, "the refusal of a body over the limit does not name the limit of 1048576: too large")
            ]
        ) {
            .publishing { broker, messages, destination, options in
                do { return try await broker.publish(messages, to: destination, options: options) } catch {
                    guard var failure = error as? PublishFailure else { throw error }
                    failure.outcomes = failure.outcomes.mapValues { outcome in
                        outcome.error.code == .tooLarge ? .refused(BrokerError(.tooLarge, "too large")) : outcome
                    }
                    throw failure
                }
            }
        },
        Mutant(
            "a body over the limit ends the connection",
            caughtBy: [
                .init(62, "after a body over the limit the next message was answered [0: ")
            ], spoiling: [29, 30, 32]
        ) {
            let isDown = Observed(false)
            return .publishing { broker, messages, destination, options in
                if isDown.value {
                    let error = BrokerError(.notConnected, "the broker has ended the connection")
                    throw PublishFailure.refused(error, count: messages.count)
                }
                let limit = broker.limits.maximumBodyBytes
                if messages.contains(where: { $0.body.count > limit }) { isDown.change { $0 = true } }
                return try await broker.publish(messages, to: destination, options: options)
            }
        },
        Mutant(
            "what carries no header of ours is passed over",
            caughtBy: [
                .init(68, "received 0 of 1 from …, and then none for 1500ms")
            ], spoiling: [2, 16, 17, 18, 19, 22, 90, 91, 92, 100, 101, 102]
        ) { .tellingForeign { _ in nil } },
        Mutant(
            "what carries no header of ours comes as attempt 0",
            caughtBy: [
                .init(68, "a foreign client's message came as attempt 0, not 1")
            ], spoiling: [2, 16, 17, 18, 19, 22, 90, 91, 92, 101, 102]
        ) {
            .tellingForeign { delivery in
                var delivery = delivery
                delivery.attempt -= 1
                return delivery
            }
        },
        Mutant(
            "headers are read of what carries one of ours, and of nothing else",
            caughtBy: [
                .init(68, "a foreign client's header Origin came as []")
            ], spoiling: [2, 16, 17, 18, 22]
        ) {
            .tellingForeign { delivery in
                var delivery = delivery
                delivery.message.headers = Headers()
                return delivery
            }
        },
        Mutant(
            "a body that a foreign client wrote is taken for text",
            caughtBy: [
                .init(68, "a foreign client's body of 4 bytes came otherwise")
            ], spoiling: [18, 22]
        ) {
            .tellingForeign { delivery in
                var delivery = delivery
                delivery.message.body = Body(String(decoding: delivery.message.body.array, as: UTF8.self))
                return delivery
            }
        },
    ]
}

extension Message {
    fileprivate var hasExpired: Bool { expiration.map { $0 <= .now } ?? false }
}

extension Flaw {
    /// A flaw of what was not published through this broker; nil: it is accepted and handed to nobody.
    fileprivate static func tellingForeign(_ edit: @escaping @Sendable (Delivery) -> Delivery?) -> Flaw {
        let ours: HeaderName = "x-ours"
        var flaw = Flaw.ofConsumer { base, _, _ in
            .receivingSo(base) { base, limit, wait in
                let end = SystemTime.shared.uptime + wait
                while true {
                    var kept: [Delivery] = []
                    let rest = max(.zero, end - SystemTime.shared.uptime)
                    for var delivery in try await base.receive(upTo: limit, within: rest) {
                        if delivery.message.headers[ours] != nil {
                            delivery.message.headers.removeAll(ours)
                            kept.append(delivery)
                        } else if let edited = edit(delivery) {
                            kept.append(edited)
                        } else {
                            _ = await base.settle(delivery.receipt, as: .accept)
                        }
                    }
                    if !kept.isEmpty || SystemTime.shared.uptime >= end { return kept }
                }
            }
        }
        flaw.publish = { broker, messages, destination, options in
            let marked = messages.map { message in message.with { $0.headers.append(ours, "yes") } }
            return try await broker.publish(marked, to: destination, options: options)
        }
        return flaw
    }
}
