import Messaging
import MessagingTesting

extension Mutant {
    /// Flaws of sharing and replay.
    static let sharing: [Mutant] = [
        Mutant(
            "all groups of a stream are one",
            caughtBy: [
                .init(47, "received 0 of 1 from …, and then none for 1500ms"),
                .init(15, "received 0 of 1 from …, and then none for 1500ms"),
                .init(31, "(group …), which nobody declared, succeeded"),
                .init(56, "a group from position(…) read , not m"),
            ], spoiling: [14, 44, 52, 54, 55, 59, 95, 97], for: [.stream]
        ) {
            let groups = Observed<[Destination: GroupName]>([:])
            return .ofSubscriptions { subscription in
                guard case .destination(let destination) = subscription.source, let group = subscription.group else {
                    return
                }
                subscription.group = groups.change { groups in
                    if groups[destination] == nil { groups[destination] = group }
                    return groups[destination]
                }
            }
        },
        Mutant(
            "only one subscriber of pubSub sees a message",
            caughtBy: [
                .init(50, "received 0 of 21 from …, and then none for 1500ms")
            ], spoiling: [52, 54], for: [.pubSub]
        ) {
            let seen = Observed<Set<MessageID>>([])
            return .ofConsumer { base, _, subscription in
                .receiving(base) { deliveries in
                    guard subscription.kind == .pubSub else { return deliveries }
                    return deliveries.filter { delivery in seen.change { $0.insert(delivery.message.id).inserted } }
                }
            }
        },
        Mutant(
            "pubSub keeps a message for who comes next",
            caughtBy: [
                .init(50, "subscriber 1 of pubSub: last is missing"),
                .init(51, "the first subscription of a pubsub: later is missing"),
                .init(75, "a receive that waited at close returned instead of throwing ended"),
            ], spoiling: [90, 92], for: [.pubSub]
        ) {
            .retaining()
        },
        Mutant(
            "a queue is handed out to one consumer at a time",
            caughtBy: [.init(45, "received 0 of 1 from …, and then none for 1500ms")],
            spoiling: [
                2, 3, 6, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 26, 29, 30, 46, 47, 60, 64, 68, 69, 73,
                77, 80, 87, 88, 90, 91, 92, 93, 94, 95, 96, 97, 98, 100, 101,
            ], for: [.queue]
        ) {
            // Beside priorities order is refused, and this is to be a broker that takes everything.
            .ofDeclarations { declaration in
                if declaration.maximumPriority == 0 { declaration.order = .perKey }
            }
        },
        Mutant(
            "a replay is read by a live group",
            caughtBy: [.init(58, "received 0 of 1 from …, and then none for 1500ms")], for: [.stream]
        ) {
            let group = Observed<GroupName?>(nil)
            var flaw = Flaw()
            flaw.subscribe = { broker, subscription in
                group.change { $0 = subscription.group }
                return try await broker.subscribe(subscription)
            }
            flaw.replay = { broker in
                broker.replay.map { GreedyReplay(base: $0, broker: broker, group: group.value) }
            }
            return flaw
        },
        Mutant(
            "a group that is to start at the latest message starts at the earliest",
            caughtBy: [.init(59, "a group that was to start at the latest message began with m1")], spoiling: [56],
            for: [.stream]
        ) {
            .ofDeclarations { declaration in
                for (name, group) in declaration.groups {
                    if case .latest = group.start { declaration.groups[name]?.start = .earliest }
                }
            }
        },
        Mutant(
            "a replay begins one message too late",
            caughtBy: [
                .init(56, "a reader from earliest read m2 m3 m4 m5 last, not m1 m2 m3 m4 m5 last")
            ], spoiling: [57, 58, 60], for: [.stream]
        ) {
            var flaw = Flaw()
            flaw.replay = { broker in broker.replay.map { LateReplay(base: $0) } }
            return flaw
        },
        Mutant(
            "a group that is to start at a time starts at the earliest message",
            caughtBy: [
                .init(56, "a group from time(…) read m1 m2 m3, not m4 m5 last")
            ], for: [.stream]
        ) {
            .ofDeclarations { declaration in
                for (name, group) in declaration.groups {
                    if case .time = group.start { declaration.groups[name]?.start = .earliest }
                }
            }
        },
    ]
}

extension Flaw {
    /// The last message of a topic is published again for each new subscriber.
    fileprivate static func retaining() -> Flaw {
        let last = Observed<[Destination: Message]>([:])
        var flaw = Flaw.publishing { broker, messages, destination, options in
            if destination.kind == .pubSub, let message = messages.last { last.change { $0[destination] = message } }
            return try await broker.publish(messages, to: destination, options: options)
        }
        flaw.subscribe = { broker, subscription in
            let consumer = try await broker.subscribe(subscription)
            guard case .destination(let destination) = subscription.source, let message = last.value[destination] else {
                return consumer
            }
            let kept = Observed([Delivery(message: message, receipt: Receipt(sequence: .max))])
            return FlawedConsumer.receivingSo(consumer) { base, limit, wait in
                let first = kept.change { kept in
                    defer { kept = [] }
                    return kept
                }
                return first.isEmpty ? try await base.receive(upTo: limit, within: wait) : first
            }
        }
        return flaw
    }
}

/// Takes a message of a live group for each reader.
private struct GreedyReplay: Replaying {
    let base: any Replaying
    let broker: any MessageBroker
    let group: GroupName?

    func reader(
        of destination: Destination, from start: StartPosition, until: Subscription.Until?
    ) async throws(BrokerError) -> any ReplayReader {
        guard let group else { return try await base.reader(of: destination, from: start, until: until) }
        let consumer = try await broker.subscribe(Subscription(destination, group: group))
        for delivery in try await consumer.receive(upTo: 1, within: .seconds(1)) {
            _ = await consumer.settle(delivery.receipt, as: .accept)
        }
        await consumer.cancel()
        return try await base.reader(of: destination, from: start, until: until)
    }

    func end(of destination: Destination) async throws(BrokerError) -> Position { try await base.end(of: destination) }
}

/// Readers that lose their first message.
private struct LateReplay: Replaying {
    let base: any Replaying

    func reader(
        of destination: Destination, from start: StartPosition, until: Subscription.Until?
    ) async throws(BrokerError) -> any ReplayReader {
        LateReader(base: try await base.reader(of: destination, from: start, until: until), isFirst: Observed(true))
    }

    func end(of destination: Destination) async throws(BrokerError) -> Position { try await base.end(of: destination) }

    private struct LateReader: ReplayReader {
        let base: any ReplayReader
        let isFirst: Observed<Bool>

        func receive(upTo limit: Int, within wait: Duration) async throws(BrokerError) -> [Delivery] {
            let deliveries = try await base.receive(upTo: limit, within: wait)
            let isFirst = isFirst.change { isFirst in
                defer { isFirst = false }
                return isFirst
            }
            return isFirst ? Array(deliveries.dropFirst()) : deliveries
        }

        func cancel() async { await base.cancel() }
    }
}
