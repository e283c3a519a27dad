import Messaging

extension ParityProbe {
    /// A subscription to a destination of each kind.
    private static func subscribing(
        _ what: String, _ kinds: [DestinationKind] = DestinationKind.allCases,
        _ edit: @escaping @Sendable (inout Subscription, ParityBench) -> Void
    ) -> [ParityProbe] {
        kinds.map { kind in
            ParityProbe("subscribe to a \(kind) \(what)") { bench in
                let place = try await bench.place(kind)
                _ = try await bench.consumer(place) { edit(&$0, bench) }
            }
        }
    }

    /// What may be asked of a subscription.
    static let subscriptions: [ParityProbe] =
        subscribing("that exists") { _, _ in }
        + subscribing("with the longest hold", [.queue, .stream]) { $0.maxHold = $1.limits.maxHold }
        + subscribing("with a longer hold", [.queue, .stream]) { $0.maxHold = $1.limits.maxHold + .seconds(1) }
        + subscribing("without a hold", [.queue, .stream]) { subscription, _ in subscription.maxHold = .zero }
        + subscribing("with a window of 1") { subscription, _ in subscription.window = 1 }
        + subscribing("up to its end", [.queue, .stream]) { subscription, _ in subscription.until = .end }
        + subscribing("with a group that does not exist", [.stream]) { subscription, _ in subscription.group = "nobody"
        }
        + DestinationKind.allCases.flatMap { kind -> [ParityProbe] in
            [
                ParityProbe("subscribe to a \(kind) that does not exist") { bench in
                    _ = try await bench.consumer(Destination(bench.topic(), kind))
                },
                ParityProbe("publish to a \(kind) that does not exist") { bench in
                    try await bench.publish(Message("x"), to: Destination(bench.topic(), kind))
                },
                ParityProbe("subscribe to a \(kind) by a pattern") { bench in
                    let place = try await bench.place(kind, bench.topic("some.place"))
                    let pattern = try TopicPattern(
                        place.topic.name.replacing("some.place", with: "some.*"), style: .amqp)
                    _ = try await bench.consumer(place) { $0.source = .pattern(pattern, kind) }
                },
            ]
        }
        + [
            ParityProbe("read a stream from its beginning") { bench in
                let place = try await bench.place(.stream)
                guard let replay = bench.broker.replay else { throw BrokerError(.unsupported, "there is no replay") }
                _ = try await replay.reader(of: place, from: .earliest, until: .end)
            },
            ParityProbe("read a stream that does not exist") { bench in
                guard let replay = bench.broker.replay else { throw BrokerError(.unsupported, "there is no replay") }
                _ = try await replay.reader(of: .stream(bench.topic()), from: .earliest, until: nil)
            },
            ParityProbe("look at, empty and delete a queue") { bench in
                let place = try await bench.place(.queue)
                _ = try await bench.broker.topology?.depth(of: place, group: nil)
                _ = try await bench.broker.topology?.purge(place)
                try await bench.broker.topology?.delete(place)
            },
            ParityProbe("look at a queue that does not exist") { bench in
                _ = try await bench.broker.topology?.depth(of: .queue(bench.topic()), group: nil)
            },
            ParityProbe("delete a queue that does not exist") { bench in
                try await bench.broker.topology?.delete(.queue(bench.topic()))
            },
        ]

    /// A settlement of what is held in a queue and in a stream.
    private static func settling(
        _ what: String,
        declaring edit: @escaping @Sendable (inout DestinationDeclaration, ParityBench) -> Void = { _, _ in },
        _ settle: @escaping @Sendable (any MessageConsumer, Receipt, ParityBench) async throws -> Void
    ) -> [ParityProbe] {
        [DestinationKind.queue, .stream].map { kind in
            ParityProbe("\(what) of a \(kind)") { bench in
                let place = try await bench.place(kind) { edit(&$0, bench) }
                let (consumer, receipt) = try await bench.held(in: place)
                try await settle(consumer, receipt, bench)
            }
        }
    }

    /// Forwarding a message.
    private static func forwarding(
        _ what: String, _ make: @escaping @Sendable (ParityBench) async throws -> Outgoing
    ) -> [ParityProbe] {
        settling("forward \(what) from what is held") { consumer, receipt, bench in
            try await consumer.settled(receipt, .forward([try await make(bench)]))
        }
    }

    /// What may be answered to a delivery.
    static let settlements: [ParityProbe] =
        settling("accept") { consumer, receipt, _ in try await consumer.settled(receipt, .accept) }
        + settling("accept twice") { consumer, receipt, _ in
            try await consumer.settled(receipt, .accept)
            try await consumer.settled(receipt, .accept)
        }
        + settling("release") { consumer, receipt, _ in try await consumer.settled(receipt, .release) }
        + settling("discard") { consumer, receipt, _ in try await consumer.settled(receipt, .discard(reason: "odd")) }
        + settling("retry") { consumer, receipt, bench in
            try await consumer.settled(receipt, .retry(after: bench.limits.delayGranularity, failure: nil))
        }
        + settling(
            "retry, with order,",
            declaring: { if $1.can(.order, $0.destination.kind) { $0.order = .perKey } }
        ) { consumer, receipt, bench in
            try await consumer.settled(receipt, .retry(after: bench.limits.delayGranularity, failure: nil))
        }
        + settling("accept after cancel") { consumer, receipt, _ in
            await consumer.cancel()
            try await consumer.settled(receipt, .accept)
        }
        + forwarding("a small message") { Outgoing(Message("x"), to: try await $0.place(.queue)) }
        + forwarding("nowhere") { Outgoing(Message("x"), to: .queue($0.topic())) }
        + forwarding("a body of one byte too many") { bench in
            var bytes: [UInt8] = [0]
            while bytes.count <= bench.limits.maximumBodyBytes { bytes += bytes }
            return Outgoing(
                Message(Body(Array(bytes.prefix(bench.limits.maximumBodyBytes + 1)))), to: try await bench.place(.queue)
            )
        }
        + forwarding("a null body") { Outgoing(Message(Body.null), to: try await $0.place(.queue)) }
        + forwarding("what has expired") { bench in
            var message = Message("x")
            message.expiration = .now + .seconds(-3600)
            return Outgoing(message, to: try await bench.place(.queue))
        }

    /// Calls after the end.
    static let endings: [ParityProbe] = [
        ParityProbe("connect twice") { try await $0.broker.connect { _ in } },
        ParityProbe("connect after close") { bench in
            await bench.broker.close(within: .seconds(1))
            try await bench.broker.connect { _ in }
        },
        ParityProbe("declare after close") { bench in
            await bench.broker.close(within: .seconds(1))
            _ = try await bench.place(.queue)
        },
        ParityProbe("publish after close") { bench in
            let place = try await bench.place(.queue)
            await bench.broker.close(within: .seconds(1))
            try await bench.publish(Message("x"), to: place)
        },
        ParityProbe("subscribe after close") { bench in
            let place = try await bench.place(.queue)
            await bench.broker.close(within: .seconds(1))
            _ = try await bench.consumer(place)
        },
        ParityProbe("settle after close") { bench in
            let (consumer, receipt) = try await bench.held(in: try await bench.place(.queue))
            await bench.broker.close(within: .seconds(1))
            try await consumer.settled(receipt, .accept)
        },
    ]
}
