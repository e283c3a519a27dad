import Messaging
import MessagingHub
import MessagingTesting

extension Mutant {
    /// Flaws of requests and replies: of a broker that has them, of a hub's reply topic, and of the routes.
    static let requests: [Mutant] = [
        Mutant(
            "replies are resolved in the order in which they come",
            caughtBy: [
                .init(90, "by the broker's own way: of 1000 requests … did not get their own reply: request", .hub)
            ], spoiling: [91]
        ) {
            let line = Observed<[Waiter<Message>]>([])
            return .ofRequests { QueuedRequests(base: $0, line: line) }
        },
        Mutant(
            "what comes in on a reply topic is taken in the order of the requests",
            caughtBy: [.init(90, "by a reply topic: of 1000 requests … did not get their own reply: request", .hub)],
            spoiling: [91]
        ) {
            let asked = Observed<[String]>([])
            return .ofReplyTopic(asked) { reply, asked in
                reply.correlationID = asked.isEmpty ? nil : asked.removeFirst()
            }
        },
        Mutant(
            "a reply that comes late, or twice, goes to the next request",
            caughtBy: [
                .init(91, "by the broker's own way: the request after a late reply got \"late\", not \"own\"", .hub)
            ]
        ) {
            let addresses = Observed<[String]>([])
            var flaw = Flaw.ofRequests { ForgivingRequests(base: $0, addresses: addresses) }
            flaw.subscribe = { broker, subscription in
                FlawedConsumer.receiving(try await broker.subscribe(subscription)) { deliveries in
                    addresses.change { $0 += deliveries.compactMap(\.message.replyTo) }
                    return deliveries
                }
            }
            return flaw
        },
        Mutant(
            "a late reply on a reply topic goes to the next request",
            caughtBy: [.init(91, "by a reply topic: the request after a late reply got \"late\", not \"own\"", .hub)],
            spoiling: [90]
        ) {
            let asked = Observed<[String]>([])
            return .ofReplyTopic(asked) { reply, asked in
                if reply.correlationID == asked.dropLast().last { reply.correlationID = asked.last }
            }
        },
        Mutant(
            "whoever knows the address of a request is believed",
            caughtBy: [
                .init(
                    91, "by the broker's own way: a request that strangers replied to got \"from a stranger\"", .hub)
            ]
        ) { .ofRequests { TrustingRequests(base: $0) } },
        Mutant(
            "what comes in on a reply topic is believed, whoever sent it",
            caughtBy: [
                .init(91, "by a reply topic: a request that strangers replied to got \"from a stranger\"", .hub)
            ]
        ) {
            let asked = Observed<[String]>([])
            return .ofReplyTopic(asked) { reply, asked in
                if !asked.contains(reply.correlationID ?? "") { reply.correlationID = asked.last }
            }
        },
        Mutant(
            "a request to nobody waits for its time-out",
            caughtBy: [
                .init(92, "by the broker's own way: a request to nobody ended with timeout after … not at once", .hub)
            ]
        ) { .ofRequests { PatientRequests(base: $0) } },
        Mutant(
            "a request to nobody is answered with nothing",
            caughtBy: [
                .init(92, "by the broker's own way: a request to nobody ended with a reply, … not at once", .hub)
            ]
        ) { .ofRequests { AgreeableRequests(base: $0) } },
        Mutant(
            "a reply that nobody waits for may be sent later",
            caughtBy: [
                .init(92, "by the broker's own way: a request whose requester is gone ran … times, ", .hub)
            ], spoiling: [91]
        ) { .ofRequests { HopefulRequests(base: $0) } },
        Mutant(
            "a reply topic that nobody listens to any more may be published to later",
            caughtBy: [.init(92, "by a reply topic: a request whose requester is gone ran … times, ", .hub)]
        ) {
            let gone = Observed<Set<Topic>>([])
            var flaw = Flaw()
            flaw.requests = { _ in nil }
            flaw.subscribe = { broker, subscription in
                var consumer = FlawedConsumer(base: try await broker.subscribe(subscription))
                guard case .destination(let destination) = subscription.source else { return consumer }
                consumer.cancel = { base in
                    gone.change { _ = $0.insert(destination.topic) }
                    await base.cancel()
                }
                return consumer
            }
            flaw.publish = { broker, messages, destination, options in
                if destination.isReplyTopic, gone.value.contains(destination.topic) {
                    throw BrokerError(.unavailable, "nobody listens there now")
                }
                return try await broker.publish(messages, to: destination, options: options)
            }
            return flaw
        },
    ]
}

extension Destination {
    fileprivate var isReplyTopic: Bool { topic.name.hasPrefix("hub-reply.") }
}

extension Flaw {
    /// A flaw of a broker's own requests.
    fileprivate static func ofRequests(
        _ make: @escaping @Sendable (any Requesting) -> any Requesting
    ) -> Flaw {
        var flaw = Flaw()
        flaw.requests = { broker in broker.requests.map(make) }
        return flaw
    }

    /// A flaw of what comes in on reply topics, which are then the only way. `asked` has the correlation ids of the
    /// requests so far.
    fileprivate static func ofReplyTopic(
        _ asked: Observed<[String]>, _ edit: @escaping @Sendable (inout Message, inout [String]) -> Void
    ) -> Flaw {
        var flaw = Flaw()
        flaw.requests = { _ in nil }
        flaw.publish = { broker, messages, destination, options in
            if !destination.isReplyTopic {
                asked.change { $0 += messages.filter { $0.replyTo != nil }.compactMap(\.correlationID) }
            }
            return try await broker.publish(messages, to: destination, options: options)
        }
        flaw.subscribe = { broker, subscription in
            let consumer = try await broker.subscribe(subscription)
            guard case .destination(let destination) = subscription.source, destination.isReplyTopic else {
                return consumer
            }
            return FlawedConsumer.receiving(consumer) { deliveries in
                deliveries.map { delivery in
                    var delivery = delivery
                    asked.change { edit(&delivery.message, &$0) }
                    return delivery
                }
            }
        }
        return flaw
    }
}

/// Requests that change one thing of others.
private protocol RequestDecorator: Requesting {
    var base: any Requesting { get }
}

extension RequestDecorator {
    func request(
        _ message: Message, to destination: Destination, within wait: Duration
    ) async throws(BrokerError) -> Message {
        try await base.request(message, to: destination, within: wait)
    }

    func reply(_ message: Message, to address: String, within wait: Duration) async throws(BrokerError) {
        try await base.reply(message, to: address, within: wait)
    }
}

/// Gives the reply that comes next to the request that has waited longest.
private struct QueuedRequests: RequestDecorator {
    let base: any Requesting
    let line: Observed<[Waiter<Message>]>

    func request(
        _ message: Message, to destination: Destination, within wait: Duration
    ) async throws(BrokerError) -> Message {
        let own = Waiter<Message>()
        line.change { $0.append(own) }
        let reply = try await base.request(message, to: destination, within: wait)
        let first = line.change { $0.isEmpty ? nil : $0.removeFirst() }
        first?.resolve(reply)
        guard case .value(let next) = await own.wait(atMost: wait, on: SystemTime.shared) else {
            throw BrokerError(.timeout, "no reply")
        }
        return next
    }
}

/// Sends on what nobody waits for to the address that was seen last.
private struct ForgivingRequests: RequestDecorator {
    let base: any Requesting
    let addresses: Observed<[String]>

    func reply(_ message: Message, to address: String, within wait: Duration) async throws(BrokerError) {
        do throws(BrokerError) { try await base.reply(message, to: address, within: wait) } catch {
            guard let last = addresses.value.last, last != address else { throw error }
            var message = message
            message.correlationID = nil
            try await base.reply(message, to: last, within: wait)
        }
    }
}

/// Does not look at correlation ids.
private struct TrustingRequests: RequestDecorator {
    let base: any Requesting

    func reply(_ message: Message, to address: String, within wait: Duration) async throws(BrokerError) {
        var message = message
        message.correlationID = nil
        try await base.reply(message, to: address, within: wait)
    }
}

/// Says nothing of a request to nobody.
private struct PatientRequests: RequestDecorator {
    let base: any Requesting

    func request(
        _ message: Message, to destination: Destination, within wait: Duration
    ) async throws(BrokerError) -> Message {
        do throws(BrokerError) { return try await base.request(message, to: destination, within: wait) } catch {
            if error.code == .unavailable {
                _ = await Waiter<Never>().wait(atMost: wait, on: SystemTime.shared)
                throw BrokerError(.timeout, "no reply")
            }
            throw error
        }
    }
}

/// Answers what nobody else does.
private struct AgreeableRequests: RequestDecorator {
    let base: any Requesting

    func request(
        _ message: Message, to destination: Destination, within wait: Duration
    ) async throws(BrokerError) -> Message {
        do throws(BrokerError) { return try await base.request(message, to: destination, within: wait) } catch {
            if error.code == .unavailable { return Message(.empty) }
            throw error
        }
    }
}

/// Calls an address that is gone one that may come back.
private struct HopefulRequests: RequestDecorator {
    let base: any Requesting

    func reply(_ message: Message, to address: String, within wait: Duration) async throws(BrokerError) {
        do throws(BrokerError) { try await base.reply(message, to: address, within: wait) } catch {
            if error.code == .noSuchDestination { throw BrokerError(.unavailable, "nobody waits there now") }
            throw error
        }
    }
}
