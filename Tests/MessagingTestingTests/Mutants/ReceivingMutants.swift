import Messaging
import MessagingTesting

extension Mutant {
    /// Flaws of receiving.
    static let receiving: [Mutant] = [
        Mutant(
            "receive waits until its limit is reached",
            caughtBy: [
                .init(38, "in the best of three tries, over 250ms")
            ]
        ) {
            .ofConsumer { base, _, _ in
                .receivingSo(base) { base, limit, wait in
                    let end = SystemTime.shared.uptime + wait
                    var taken: [Delivery] = []
                    repeat {
                        let rest = max(.zero, end - SystemTime.shared.uptime)
                        taken += try await base.receive(upTo: limit - taken.count, within: rest)
                    } while taken.count < limit && SystemTime.shared.uptime < end
                    return taken
                }
            }
        },
        Mutant(
            "receive returns empty before its wait has passed",
            caughtBy: [
                .init(39, "returned empty after")
            ]
        ) {
            .ofConsumer { base, _, _ in
                .receivingSo(base) { base, limit, wait in try await base.receive(upTo: limit, within: wait / 2) }
            }
        },
        Mutant(
            "receive returns empty half a second after its wait",
            caughtBy: [
                .init(39, "in the best of three tries, over 250ms")
            ]
        ) {
            .ofConsumer { base, _, _ in
                .receivingSo(base) { base, limit, wait in
                    try await base.receive(upTo: limit, within: wait + .milliseconds(500))
                }
            }
        },
        Mutant(
            "a cancelled receive drops what it had just got",
            caughtBy: [
                .init(40, "received ")
            ]
        ) {
            .ofConsumer { base, _, _ in
                .receivingSo(base) { base, limit, wait in
                    let deliveries = try await base.receive(upTo: limit, within: wait)
                    _ = try? await SystemTime.shared.sleep(for: .microseconds(200))
                    if Task.isCancelled { throw BrokerError(.cancelled, "the task was cancelled", during: .receive) }
                    return deliveries
                }
            }
        },
        Mutant(
            "a receive that waits is deaf to cancellation",
            caughtBy: [
                .init(40, "in the best of three tries, over 100ms")
            ]
        ) {
            .ofConsumer { base, _, _ in
                .receivingSo(base) { base, limit, wait in
                    let receiving = Task { try await base.receive(upTo: limit, within: min(wait, .seconds(1))) }
                    let result = await receiving.result
                    if Task.isCancelled, (try? result.get())?.isEmpty ?? true {
                        throw BrokerError(.cancelled, "the task was cancelled", during: .receive)
                    }
                    do { return try result.get() } catch let error as BrokerError { throw error } catch { return [] }
                }
            }
        },
        Mutant(
            "the window is four times as wide as asked",
            caughtBy: [
                .init(41, "a window of 4 held 12 deliveries")
            ], for: [.queue, .stream]
        ) {
            .ofSubscriptions { $0.window *= 4 }
        },
        Mutant(
            "the window in bytes is not kept",
            caughtBy: [
                .init(41, "a window of 1000 bytes held")
            ], for: [.queue, .stream]
        ) {
            .ofSubscriptions { $0.windowBytes = 16 << 20 }
        },
        Mutant(
            "after close, receive returns empty for ever",
            caughtBy: [
                .init(75, "a receive that waited at close returned instead of throwing ended")
            ]
        ) {
            .ofConsumer { base, _, _ in
                .receivingSo(base) { base, limit, wait in
                    do {
                        return try await base.receive(upTo: limit, within: wait)
                    } catch let error as BrokerError {
                        if error.endReason == .closed { return [] }
                        throw error
                    }
                }
            }
        },
        Mutant(
            "a receive that waits is not ended by cancel",
            caughtBy: [
                .init(43, "a receive whose consumer was cancelled returned 0 deliveries instead of throwing")
            ]
        ) {
            .ofConsumer { base, _, _ in
                .receivingSo(base) { base, limit, wait in
                    do {
                        return try await base.receive(upTo: limit, within: wait)
                    } catch let error as BrokerError {
                        if error.endReason == .cancelled { return [] }
                        throw error
                    }
                }
            }
        },
    ]

    /// Flaws of sharing and replay.
    static let sharing: [Mutant] = [
        Mutant(
            "all groups of a stream are one",
            caughtBy: [
                .init(47, "received 0 of 1"),
                .init(15, "received 0 of 1"),
            ], for: [.stream]
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
                .init(50, "received 0 of 21")
            ], for: [.pubSub]
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
                .init(50, "last is missing"),
                .init(51, "later is missing"),
            ], for: [.pubSub]
        ) {
            .retaining()
        },
        Mutant(
            "a queue is handed out to one consumer at a time",
            caughtBy: [.init(45, "received 0 of 1")], for: [.queue]
        ) {
            // Beside priorities order is refused, and this is to be a broker that takes everything.
            .ofDeclarations { declaration in
                if declaration.maximumPriority == 0 { declaration.order = .perKey }
            }
        },
        Mutant(
            "a replay begins one message too late",
            caughtBy: [
                .init(56, "a reader from earliest read m2 m3")
            ], for: [.stream]
        ) {
            var flaw = Flaw()
            flaw.replay = { broker in broker.replay.map { LateReplay(base: $0) } }
            return flaw
        },
        Mutant(
            "a group that is to start at a time starts at the earliest message",
            caughtBy: [
                .init(56, "a group from time")
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
    /// A flaw of what is subscribed to.
    static func ofSubscriptions(_ edit: @escaping @Sendable (inout Subscription) -> Void) -> Flaw {
        var flaw = Flaw()
        flaw.subscribe = { broker, subscription in
            var subscription = subscription
            edit(&subscription)
            return try await broker.subscribe(subscription)
        }
        return flaw
    }

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

extension FlawedConsumer {
    /// A consumer that receives in a way of its own.
    static func receivingSo(_ base: any MessageConsumer, _ receive: @escaping Receive) -> FlawedConsumer {
        var consumer = FlawedConsumer(base: base)
        consumer.receive = receive
        return consumer
    }
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
