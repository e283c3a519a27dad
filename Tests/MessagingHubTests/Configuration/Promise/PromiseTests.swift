import InMemoryBroker
import Messaging
import MessagingReliability
import Testing

@testable import MessagingHub

/// What is promised, for every setting that it depends on.
@Suite struct PromiseTests {
    /// A broker that outlives its process, and one that lives as long as it.
    private static let lasting = PromiseCalculation.Broker(
        capabilities: capabilities { $0[.durable] = .native }, settleLag: .zero, cautions: [], durability: nil)
    private static let memory = PromiseCalculation.Broker(
        capabilities: BrokerProfile.inMemory.capabilities, settleLag: .zero, cautions: [], durability: nil)

    private static func capabilities(
        _ edit: (inout [BrokerCapabilities.Operation: BrokerCapabilities.Support]) -> Void
    ) -> BrokerCapabilities {
        var capabilities = BrokerProfile.inMemory.capabilities
        for kind in DestinationKind.allCases {
            var operations = capabilities.operations[kind] ?? [:]
            edit(&operations)
            capabilities.operations[kind] = operations
        }
        return capabilities
    }

    private static func broker(
        lag: Duration = .zero, cautions: [OptionCaution] = [], _ durability: BrokerDurability? = nil,
        _ edit: (inout [BrokerCapabilities.Operation: BrokerCapabilities.Support]) -> Void = { _ in }
    ) -> PromiseCalculation.Broker {
        let capabilities = capabilities {
            $0[.durable] = .native
            edit(&$0)
        }
        return PromiseCalculation.Broker(
            capabilities: capabilities, settleLag: lag, cautions: cautions, durability: durability)
    }

    struct Example: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let words: String
        var reason: String?
        var order = DestinationDeclaration.Order.none
        var main = PromiseTests.lasting
        var storeEnds = true
        /// nil: of the route `orders`; else of a bridge from it to `archive`.
        var isBridge = false
        /// As which group the bridge reads.
        var group: GroupName?
        let edit: @Sendable (inout RouteConfiguration, inout RouteConfiguration) -> Void

        init(
            _ name: String, _ words: String, _ reason: String? = nil, order: DestinationDeclaration.Order = .none,
            main: PromiseCalculation.Broker = PromiseTests.lasting, storeEnds: Bool = true, bridge: Bool = false,
            group: GroupName? = nil,
            _ edit: @escaping @Sendable (inout RouteConfiguration, inout RouteConfiguration) -> Void = { _, _ in }
        ) {
            (testDescription, self.words, self.reason, self.order) = (name, words, reason, order)
            (self.main, self.storeEnds, isBridge, self.edit) = (main, storeEnds, bridge, edit)
            self.group = group
        }
    }

    private static func window(_ window: Duration) -> DeduplicationPolicy {
        var policy = DeduplicationPolicy()
        policy.window = window
        return policy
    }

    private static let again = "a copy is handled again: nothing is deduplicated"
    private static let twoSteps = "a crash after the publish and before the accept makes a copy: "

    private static let routes: [Example] = [
        Example("a durable queue", "at least once", again),
        Example("pubsub", "at most once", "whoever does not listen misses it") { route, _ in route.kind = .pubSub },
        Example(
            "in memory", "at least once, while the process lives", "the in-memory broker lives as long as its process",
            main: memory),
        Example("not durable", "at most once", "durable: false loses what waits when the broker ends") { route, _ in
            route.durable = false
        },
        Example(
            "durable at a cost", "at least once", "durable fsync",
            main: broker { $0[.durable] = .emulated(cost: "fsync") }),
        Example(
            "an option that loses messages", "at most once", "acks=1 loses",
            main: broker(cautions: [OptionCaution("acks=1 loses", losesMessages: true), OptionCaution("ugly")])),
        Example(
            "a server that keeps nothing", "at most once", "the server keeps nothing when it ends: appendonly is no",
            main: broker(BrokerDurability(until: .server, "appendonly is no"))),
        Example(
            "a server that keeps all", "at least once", again, main: broker(BrokerDurability(until: .disk, "fsync"))),
        Example(
            "a server that is this process", "at least once, while the process lives", "all is here",
            main: broker(BrokerDurability(until: .process, "all is here"))),
        Example(
            "dead letters to pubsub", "at most once",
            "dead letters go to pubsub, where they are gone when nobody listens"
        ) { route, other in
            other.kind = .pubSub
            route.deadLetter = .topic("archive")
        },
        Example(
            "dead letters to memory", "at least once, while the process lives",
            "dead letters by route archive: the in-memory broker lives as long as its process"
        ) { route, other in
            other.broker = "spare"
            route.deadLetter = .topic("archive")
        },
        Example(
            "a fallback in memory", "at least once, while the process lives",
            "diverted to spare: the in-memory broker lives as long as its process"
        ) { route, _ in route.fallback = FallbackRoute("spare", divertsDurable: true) },
        Example(
            "deduplicated, with a store in memory", "at least once",
            "what was handled is remembered in memory, which ends with the process"
        ) { route, _ in route.deduplicate = DeduplicationPolicy() },
        Example(
            "deduplicated, with a store that lasts", "at least once",
            "a process that dies after its work and before the mark of it does the work again", storeEnds: false
        ) { route, _ in route.deduplicate = DeduplicationPolicy() },
        Example(
            "deduplicated in memory", "effectively once, while the process lives",
            "copies are known for 10m, 100000 at most", main: memory
        ) { route, _ in route.deduplicate = DeduplicationPolicy() },
        Example(
            "a stream that is deleted by age", "at least once", "messages older than 1h are gone, read or not"
        ) { route, _ in
            (route.kind, route.retention) = (.stream, .seconds(3600))
        },
        Example(
            "a group that begins with what comes", "at least once",
            "group g: what was published before it began is not delivered"
        ) { route, _ in
            route.kind = .stream
            route.groups = ["g": .init(start: .latest), "all": .init()]
        },
        Example(
            "groups that begin at a time, a position and the end", "at least once",
            "groups a, b, c and 1 more: what was published before they began is not delivered"
        ) { route, _ in
            route.kind = .stream
            route.groups = [
                "c": .init(start: .latest), "a": .init(start: .time(Timestamp(nanoseconds: 1))),
                "b": .init(start: .position(Position(major: 7))), "d": .init(start: .latest), "e": .init(),
            ]
        },
        Example("order per key", "at least once", order: .perKey) { route, _ in route.order = .perKey },
        Example("one order", "at least once", order: .all) { route, _ in route.order = .all },
        Example(
            "an order that the broker cannot keep", "at least once",
            main: broker { $0[.order] = .refused(reason: "no") }
        ) { route, _ in route.order = .all },
        Example("an order on two brokers", "at least once, while the process lives") { route, _ in
            route.order = .all
            route.fallback = FallbackRoute("spare", divertsDurable: true)
        },
    ]

    private static let bridges: [Example] = [
        Example(
            "a bridge whose source is repeated", "at least once",
            "a publish by route orders whose outcome is not known is repeated", bridge: true),
        Example("a bridge in one step", "effectively once", bridge: true) { route, _ in route.acceptsDuplicates = false
        },
        Example(
            "a bridge in memory, deduplicated", "effectively once, while the process lives", main: memory, bridge: true
        ) { route, _ in route.deduplicate = DeduplicationPolicy() },
        Example(
            "a bridge whose durable source is deduplicated", "at least once",
            "a copy by route orders that comes between a crash and the mark is bridged again", bridge: true
        ) { route, _ in route.deduplicate = DeduplicationPolicy() },
        Example(
            "a bridge to another broker", "at least once, while the process lives",
            "\(twoSteps)the target is on another broker", bridge: true
        ) { route, other in
            other.broker = "spare"
            route.acceptsDuplicates = false
        },
        Example(
            "a bridge in two steps", "at least once", "\(twoSteps)no transactions",
            main: broker { $0[.atomicForward] = .refused(reason: "no transactions") }, bridge: true
        ) { route, _ in route.acceptsDuplicates = false },
        Example(
            "a bridge with a fallback", "at least once, while the process lives",
            "\(twoSteps)it may be at main or at spare", bridge: true
        ) { route, other in
            route.acceptsDuplicates = false
            route.fallback = FallbackRoute("spare", divertsDurable: true)
            other.fallback = route.fallback
        },
        Example(
            "a bridge whose settlements lag", "at least once", "a crash may undo what was settled in the last 5s",
            main: broker(lag: .seconds(5)), bridge: true
        ) { route, _ in route.acceptsDuplicates = false },
        Example(
            "a bridge to a deduplicating target, with a store that lasts", "effectively once",
            "target archive: copies are known for 30m, 100000 at most", storeEnds: false, bridge: true
        ) { _, other in other.deduplicate = window(.seconds(1800)) },
        Example(
            "a bridge whose target forgets before a hold ends", "at least once",
            "a copy may come 30m after the first, by max-hold of route orders, and copies are known for 1799s only",
            storeEnds: false, bridge: true
        ) { _, other in other.deduplicate = window(.seconds(1799)) },
        Example(
            "a bridge whose target forgets before a retry", "at least once",
            "a copy may come 2h after the first, by the longest delay in retry of route orders, and copies are known for"
                + " 30m only", storeEnds: false, bridge: true
        ) { route, other in
            route.retryByType["slow"] = RetryPolicy(attempts: 9, delay: .seconds(7200), maximumDelay: .seconds(7200))
            other.deduplicate = window(.seconds(1800))
        },
        Example(
            "a bridge whose target forgets before a publish is given up", "at least once",
            "a copy may come 1h after the first, by deadline in publish of route archive, and copies are known for 30m only",
            storeEnds: false, bridge: true
        ) { _, other in
            other.publishDeadline = .seconds(3600)
            other.deduplicate = window(.seconds(1800))
        },
        Example(
            "a bridge that makes no copies, however soon its target forgets", "effectively once",
            "target archive: copies are known for 1s, 100000 at most", storeEnds: false, bridge: true
        ) { route, other in
            route.acceptsDuplicates = false
            other.deduplicate = window(.seconds(1))
        },
        Example(
            "a bridge from one of several groups", "at least once",
            "group late: what was published before it began is not delivered", bridge: true, group: "late"
        ) { route, _ in
            route.kind = .stream
            route.groups = ["late": .init(start: .latest), "later": .init(start: .latest)]
        },
        Example(
            "a bridge to a stream that is deleted by age", "at least once",
            "target archive: messages older than 1h are gone, read or not", bridge: true
        ) { _, other in (other.kind, other.retention) = (.stream, .seconds(3600)) },
        Example(
            "a bridge to a deduplicating target, with a store in memory", "at least once",
            "a publish by route orders whose outcome is not known is repeated", bridge: true
        ) { _, other in other.deduplicate = DeduplicationPolicy() },
        Example("a bridge to pubsub", "at most once", "target archive: whoever does not listen misses it", bridge: true)
        { _, other in
            other.kind = .pubSub
        },
        Example("a bridge from pubsub", "at most once", "whoever does not listen misses it", bridge: true) { route, _ in
            route.kind = .pubSub
        },
        Example(
            "a bridge to what is not durable", "at most once",
            "target archive: durable: false loses what waits when the broker ends", bridge: true
        ) { _, other in other.durable = false },
        Example("a bridge from one order to keys", "at least once", order: .perKey, bridge: true) { route, other in
            (route.order, other.order) = (.all, .perKey)
        },
        Example("a bridge from keys to no order", "at least once", bridge: true) { route, _ in route.order = .perKey },
    ]

    private static func promise(_ example: Example) throws -> Promise? {
        var orders = RouteConfiguration(TopicPattern("orders"), to: "main", as: .queue)
        var archive = RouteConfiguration(TopicPattern("archive"), to: "main", as: .queue)
        example.edit(&orders, &archive)
        let calculation = PromiseCalculation(
            table: try RouteTable(["orders": orders, "archive": archive]),
            brokers: ["main": example.main, "spare": memory], storeEndsWithProcess: example.storeEnds)
        return example.isBridge
            ? calculation.promise(
                of: SubscriptionConfiguration("orders", group: example.group, .publish(to: "archive")))
            : calculation.promise(of: orders)
    }

    @Test("What is promised for a route, and why", arguments: routes)
    func route(_ example: Example) throws {
        let promise = try #require(try Self.promise(example))
        #expect(promise.words == example.words)
        #expect(promise.order == example.order)
        if let reason = example.reason { #expect(promise.reasons.map(\.sentence).contains(reason)) }
        #expect(promise.reasons.allSatisfy { $0.limit == nil || $0.limit == promise.guarantee && !$0.remedy.isEmpty })
    }

    @Test("What is promised for a bridge, and why", arguments: bridges)
    func bridge(_ example: Example) throws {
        try route(example)
    }

    @Test("A command gets what its topic's route promises; a topic without a route promises nothing")
    func command() throws {
        let orders = RouteConfiguration(TopicPattern("orders"), to: "main", as: .queue)
        let calculation = PromiseCalculation(
            table: try RouteTable(["orders": orders]), brokers: ["main": Self.lasting], storeEndsWithProcess: true)
        let command = SubscriptionConfiguration("orders", .run(["cat"]))
        #expect(calculation.promise(of: command) == calculation.promise(of: orders))
        #expect(calculation.promise(of: SubscriptionConfiguration("other", .run(["cat"]))) == nil)
        #expect(calculation.promise(of: SubscriptionConfiguration("orders", .publish(to: "other"))) == nil)
    }

    @Test(
        "What stands in, or takes the dead letters, in memory raises no guarantee of what lasts",
        arguments: [false, true])
    func noPlaceRaises(_ storeEnds: Bool) throws {
        func guarantee(_ edit: (inout RouteConfiguration, inout RouteConfiguration) -> Void) throws -> [Guarantee] {
            var orders = RouteConfiguration(TopicPattern("orders"), to: "main", as: .queue)
            var dead = RouteConfiguration(TopicPattern("dead"), to: "main", as: .queue)
            orders.deduplicate = DeduplicationPolicy()
            orders.deadLetter = .topic("dead")
            edit(&orders, &dead)
            let calculation = PromiseCalculation(
                table: try RouteTable(["orders": orders, "dead": dead]),
                brokers: ["main": Self.lasting, "spare": Self.memory], storeEndsWithProcess: storeEnds)
            let bridge = calculation.promise(of: SubscriptionConfiguration("orders", .publish(to: "dead")))
            return [calculation.promise(of: orders).guarantee, try #require(bridge).guarantee]
        }
        let plain = try guarantee { _, _ in }
        let diverted = try guarantee { orders, _ in orders.fallback = FallbackRoute("spare", divertsDurable: true) }
        let letters = try guarantee { _, dead in dead.broker = "spare" }
        #expect(zip(plain, diverted).allSatisfy { $0 >= $1 } && zip(plain, letters).allSatisfy { $0 >= $1 })
        #expect(plain[0] == .atLeastOnce)
    }

    @Test("What a broker that ends with its process keeps is not deleted by age; a command has what its own group has")
    func unread() throws {
        var log = RouteConfiguration(TopicPattern("log"), to: "main", as: .stream)
        log.retention = .seconds(60)
        log.groups = ["early": .init(), "late": .init(start: .latest)]
        func sentences(_ broker: PromiseCalculation.Broker, _ group: GroupName?) throws -> [String] {
            let calculation = PromiseCalculation(
                table: try RouteTable(["log": log]), brokers: ["main": broker], storeEndsWithProcess: true)
            let command = SubscriptionConfiguration("log", group: group, .run(["cat"]))
            return try #require(calculation.promise(of: command)).reasons.map(\.sentence)
        }
        let (gone, late) = ("messages older than 1m are gone, read or not", "group late: what was published before it")
        #expect(try sentences(Self.lasting, "early").contains(gone))
        #expect(try !sentences(Self.memory, "early").contains(gone))
        #expect(try !sentences(Self.lasting, "early").contains { $0.hasPrefix(late) })
        #expect(try sentences(Self.lasting, "late").contains { $0.hasPrefix(late) })
        #expect(try sentences(Self.lasting, nil).contains { $0.hasPrefix(late) })
    }

    @Test("Every value is computed for some example, each in memory or not")
    func coverage() throws {
        let computed = try Set((Self.routes + Self.bridges).compactMap { try Self.promise($0)?.guarantee })
        #expect(computed == Set(Guarantee.allCases))
    }
}
