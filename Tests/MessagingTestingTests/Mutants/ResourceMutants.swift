import Messaging
import MessagingTesting

extension Mutant {
    /// Flaws of what a broker takes of the machine.
    static let resources: [Mutant] = [
        Mutant(
            "a connection is made for each destination that is published to",
            caughtBy: [
                .init(36, "publishing to 1,000 destinations took … connections; for one there were ")
            ]
        ) {
            let made = Kept<Destination, any MessageBroker>()
            return .publishing { broker, messages, destination, options in
                if !made.has(destination), let another = await broker.another() { made.keep(another, for: destination) }
                return try await broker.publish(messages, to: destination, options: options)
            }
        },
        Mutant(
            "a buffer is kept for each destination that is published to",
            caughtBy: [
                .init(36, "publishing to 1,000 destinations took … MiB more memory; 64 MiB are allowed")
            ]
        ) {
            let made = Kept<Destination, Ballast>()
            return .publishing { broker, messages, destination, options in
                if !made.has(destination) { made.keep(Ballast(bytes: 160 << 10), for: destination) }
                return try await broker.publish(messages, to: destination, options: options)
            }
        },
        Mutant(
            "a consumer makes room for all that waits",
            caughtBy: [
                .init(42, "a consumer that stopped while … bytes wait took … MiB more memory")
            ], for: [.queue, .stream]
        ) { .makingRoom(forAtMost: .max) },
        Mutant(
            "a consumer makes room for 100 messages, whatever their size",
            caughtBy: [
                .init(42, "a consumer that stopped while 200 messages of 1048576 bytes wait took … MiB more memory")
            ], for: [.queue, .stream]
        ) { .makingRoom(forAtMost: 100) },
        Mutant(
            "what a slow subscriber has not taken is kept without a bound",
            caughtBy: [
                .init(42, "a consumer that stopped while 100000 messages of 1024 bytes wait took … MiB more memory")
            ], for: [.pubSub]
        ) { .keepingCopies(.max) },
        Mutant(
            "the last 200 messages are kept for a slow subscriber, whatever their size",
            caughtBy: [
                .init(42, "a consumer that stopped while 200 messages of 1048576 bytes wait took … MiB more memory")
            ], for: [.pubSub]
        ) { .keepingCopies(200) },
        Mutant(
            "a broker opens a socket when it is made",
            caughtBy: [
                .init(71, "creating 40 brokers opened … descriptors")
            ]
        ) {
            var flaw = Flaw()
            flaw.make = { OpenSocket() }
            return flaw
        },
        Mutant(
            "a broker starts a thread when it is made",
            caughtBy: [
                .init(71, "creating 40 brokers started … threads")
            ]
        ) {
            var flaw = Flaw()
            flaw.make = { IdleThread() }
            return flaw
        },
        Mutant(
            "close leaves a socket open",
            caughtBy: [
                .init(78, "200 open/close cycles left … descriptors behind")
            ]
        ) { .leaving { _ in OpenSocket() } },
        Mutant(
            "close leaves a thread running, every other time",
            caughtBy: [
                .init(78, "200 open/close cycles left … threads behind")
            ]
        ) {
            let count = Observed(0)
            return .leaving { _ in
                let number = count.change { count in
                    count += 1
                    return count
                }
                return number.isMultiple(of: 2) ? IdleThread() : nil
            }
        },
        Mutant(
            "close leaves a connection open",
            caughtBy: [
                .init(78, "200 open/close cycles left … connections behind")
            ]
        ) { .leaving { await $0.another() } },
        Mutant(
            "close leaves half a megabyte in memory",
            caughtBy: [
                .init(78, "200 open/close cycles took … MiB more memory; 32 MiB are allowed")
            ]
        ) { .leaving { _ in Ballast(bytes: 512 << 10) } },
        Mutant(
            "what is closed is never let go of",
            caughtBy: [
                .init(78, "200 open/close cycles left … rows of connections behind")
            ]
        ) { .leaving { $0 } },
        Mutant(
            "the bytes of what was published are kept for ever",
            caughtBy: [
                .init(78, "200 open/close cycles took … MiB more memory; 32 MiB are allowed")
            ], for: [.queue, .pubSub]
        ) {
            let kept = Kept<Int, Ballast>()
            return .publishing { broker, messages, destination, options in
                kept.keep(Ballast(bytes: max(1, messages.reduce(0) { $0 + $1.body.count })))
                return try await broker.publish(messages, to: destination, options: options)
            }
        },
        Mutant(
            "a subscription makes a queue of its own, and leaves it there",
            caughtBy: [
                .init(78, "200 open/close cycles left … queues behind")
            ]
        ) {
            var flaw = Flaw()
            flaw.subscribe = { broker, subscription in
                try? await broker.declare([DestinationDeclaration(.queue(.temporary()))])
                return try await broker.subscribe(subscription)
            }
            return flaw
        },
        Mutant(
            "a subscription makes a group of its own, and leaves it there",
            caughtBy: [
                .init(78, "200 open/close cycles left … groups behind")
            ], for: [.stream]
        ) {
            var flaw = Flaw()
            flaw.subscribe = { broker, subscription in
                let consumer = try await broker.subscribe(subscription)
                if case .destination(let destination) = subscription.source {
                    var declaration = DestinationDeclaration(destination)
                    declaration.groups[GroupName(Topic.temporary().name)] = .init()
                    try? await broker.declare([declaration])
                }
                return consumer
            }
            return flaw
        },
    ]
}

extension Topic {
    /// A name that nothing else has.
    fileprivate static func temporary() -> Topic {
        Topic(unchecked: "temporary-\(String(UInt64.random(in: 0...UInt64.max), radix: 36))")
    }
}

extension Flaw {
    /// Something stays when a broker is closed.
    fileprivate static func leaving(
        _ make: @escaping @Sendable (any MessageBroker) async -> (any Sendable)?
    ) -> Flaw {
        let left = Kept<Int, any Sendable>()
        var flaw = Flaw()
        flaw.close = { broker, grace in
            if let something = await make(broker) { left.keep(something) }
            await broker.close(within: grace)
        }
        return flaw
    }

    /// Each consumer has room for so many messages of the size of its first, as far as they are there.
    fileprivate static func makingRoom(forAtMost limit: Int) -> Flaw {
        .ofConsumer { base, broker, subscription in
            let room = Kept<Int, Ballast>()
            return .receivingSo(base) { base, limitOfCall, wait in
                let deliveries = try await base.receive(upTo: limitOfCall, within: wait)
                guard !room.has(0), let first = deliveries.first, case .destination(let source) = subscription.source,
                    let depth = try? await broker.topology?.depth(of: source, group: subscription.group)
                else { return deliveries }
                room.keep(Ballast(bytes: min(limit, depth.waiting) * first.message.body.count), for: 0)
                return deliveries
            }
        }
    }

    /// The bytes of the last so many messages of pubSub are kept, as for somebody who has yet to take them.
    fileprivate static func keepingCopies(_ limit: Int) -> Flaw {
        let kept = Kept<Int, Ballast>()
        var flaw = Flaw.publishing { broker, messages, destination, options in
            if destination.kind == .pubSub {
                let bytes = messages.reduce(0) { $0 + $1.body.count }
                kept.keep(Ballast(bytes: bytes), atMost: max(1, limit / messages.count))
            }
            return try await broker.publish(messages, to: destination, options: options)
        }
        flaw.subscribe = { broker, subscription in
            kept.letGo()
            return try await broker.subscribe(subscription)
        }
        return flaw
    }
}
