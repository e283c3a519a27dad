import Messaging
import MessagingTesting

extension Mutant {
    /// Flaws of options, of priority, and of publishes that are cancelled.
    static let options: [Mutant] = [
        Mutant(
            "in one call the delivery mode of a message is that of the one before",
            caughtBy: [
                .init(67, "behind a message with options, delivery mode persistent came as transient")
            ]
        ) {
            .publishing { broker, messages, destination, options in
                var messages = messages
                for index in messages.indices.dropFirst() where messages[index - 1].deliveryMode == .transient {
                    messages[index].deliveryMode = .transient
                }
                return try await broker.publish(messages, to: destination, options: options)
            }
        },
        Mutant(
            "a type is set on every later message that has none",
            caughtBy: [
                .init(67, "behind a message with options, type  came as order.created")
            ], spoiling: [65]
        ) {
            let last = Observed("")
            return .ofMessages { message in
                let type = last.change { last in
                    if !message.type.isEmpty { last = message.type }
                    return last
                }
                return message.with { $0.type = type }
            }
        },
        Mutant(
            "a priority out of range is brought into it",
            caughtBy: [
                .init(67, "a priority of 11 was answered confirmed, not refused(invalidArgument)")
            ], spoiling: [29, 30]
        ) {
            .ofMessages { message in message.with { $0.priority = min($0.priority, 10) } }
        },
        Mutant(
            "of waiting messages the lower goes first",
            caughtBy: [
                .init(53, "a message of priority … came before one of ")
            ], spoiling: [18, 29, 30, 65, 67, 69]
        ) {
            .ofMessages { message in message.with { $0.priority = 10 - min($0.priority, 10) } }
        },
        Mutant(
            "a broker that is fair every 16 messages calls itself fair every 4",
            caughtBy: [
                .init(53, "waited for … deliveries of higher ones; the capability says that of 4 one goes to")
            ]
        ) {
            var flaw = Flaw()
            flaw.capabilities = { $0.priorityOrder = .fair(bound: 4) }
            return flaw
        },
        Mutant(
            "a broker that lets the oldest pass now and then calls itself strict",
            caughtBy: [
                .init(53, "a message of priority … came before one of ")
            ]
        ) {
            var flaw = Flaw()
            flaw.capabilities = { $0.priorityOrder = .strict }
            return flaw
        },
        Mutant(
            "a cancelled publish is said to be refused, and goes on",
            caughtBy: [
                .init(34, "what was confirmed around cancelled publishes: … should not be there")
            ], spoiling: [29]
        ) {
            .publishing { broker, messages, destination, options in
                let publishing = Task { try await broker.publish(messages, to: destination, options: options) }
                try? await SystemTime.shared.sleep(for: .milliseconds(1))
                if Task.isCancelled { throw PublishFailure.refused(.givenUp, count: messages.count) }
                return try await publishing.value
            }
        },
        Mutant(
            "a cancelled publish is confirmed, though nothing was sent",
            caughtBy: [
                .init(34, "what was confirmed around cancelled publishes: … is missing")
            ], spoiling: [29]
        ) {
            .publishing { broker, messages, destination, options in
                try? await SystemTime.shared.sleep(for: .milliseconds(1))
                if Task.isCancelled { return PublishReceipt() }
                return try await broker.publish(messages, to: destination, options: options)
            }
        },
        Mutant(
            "a publish that waits for room waits on when it is cancelled",
            caughtBy: [
                .init(34, "a cancelled publish answered refused(")
            ]
        ) {
            .publishing { broker, messages, destination, options in
                try await Task { try await broker.publish(messages, to: destination, options: options) }.value
            }
        },
        Mutant(
            "after a cancelled publish single messages are refused",
            caughtBy: [
                .init(34, "after a cancelled publish the next was answered [0: ")
            ], spoiling: [29]
        ) {
            let isBroken = Observed(false)
            return .publishing { broker, messages, destination, options in
                if isBroken.value, messages.count == 1 {
                    throw PublishFailure.refused(BrokerError(.notConnected, "the channel is gone"), count: 1)
                }
                try? await SystemTime.shared.sleep(for: .milliseconds(1))
                if Task.isCancelled { isBroken.change { $0 = true } }
                return try await broker.publish(messages, to: destination, options: options)
            }
        },
    ]
}

extension BrokerError {
    fileprivate static let givenUp = BrokerError(.cancelled, "the task was cancelled before this was sent")
}
