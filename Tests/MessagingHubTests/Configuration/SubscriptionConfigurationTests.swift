import Messaging
import Testing

@testable import MessagingHub

@Suite struct SubscriptionConfigurationTests {
    private static let routes = """
        brokers: {main: {type: inmemory}}
        routes:
          orders: {topic: orders.created, broker: main, kind: queue, deduplicate: {}}
          log: {topic: orders.log, broker: main, kind: stream, groups: {archive: {}}}
          archive: {topic: orders.archive, broker: main, kind: queue}

        """

    private func load(_ lines: String) throws -> [SubscriptionName: SubscriptionConfiguration] {
        try Loading.load("\(Self.routes)subscriptions:\n  it: {\(lines)}\n").subscriptions
    }

    @Test("A subscription that says nothing more has the defaults of SubscriptionConfiguration")
    func defaults() throws {
        let bridge = SubscriptionConfiguration("orders.created", .publish(to: "orders.archive"))
        #expect(try load("topic: orders.created, to: orders.archive") == ["it": bridge])
        #expect(bridge.group == nil && bridge.concurrency == nil && bridge.guarantee == nil && bridge.filter == nil)
        #expect(bridge.target == "orders.archive")
        let command = SubscriptionConfiguration("orders.log", .run(["./handle", "--fast"]))
        #expect(try load("topic: orders.log, command: [./handle, --fast]") == ["it": command])
        #expect(command.target == nil)
        #expect(try Loading.load(Self.routes).subscriptions.isEmpty)
    }

    @Test("Each of its options is loaded")
    func options() throws {
        let lines = "topic: orders.log, group: archive, to: orders.archive, concurrency: 3, guarantee: at-least-once"
        let expected = SubscriptionConfiguration(
            "orders.log", group: "archive", .publish(to: "orders.archive"), concurrency: 3, guarantee: .atLeastOnce,
            filter: HeaderFilter(["region": "eu", "tier": "1"]))
        #expect(try load("\(lines), filter: {region: eu, tier: 1}") == ["it": expected])
        for guarantee in Guarantee.allCases {
            let lines = "topic: orders.created, command: [cat], guarantee: \(guarantee.rawValue)"
            #expect(try load(lines)["it"]?.guarantee == guarantee)
        }
        #expect(Guarantee.allCases.map(\.words) == ["at most once", "at least once", "effectively once"])
    }

    @Test("The topics that the hub makes for dead letters can be read and bridged, without a route of their own")
    func deadLetters() throws {
        #expect(try load("topic: orders.created.dead, to: orders.archive").count == 1)
        #expect(try load("topic: orders.created, to: orders.archive.dead").count == 1)
    }

    @Test("Subscriptions that a program has built are checked like those of a file")
    func inCode() {
        let routes: [RouteName: RouteConfiguration] = [
            "orders": RouteConfiguration(TopicPattern("orders"), to: "main", as: .queue)
        ]
        let brokers: [BrokerName: BrokerConfiguration] = ["main": BrokerConfiguration(.inMemory)]
        func problems(_ subscriptions: [SubscriptionName: SubscriptionConfiguration]) -> [String] {
            HubConfiguration(brokers: brokers, routes: routes, subscriptions: subscriptions)
                .problems(profiles: Loading.profiles).map(\.description)
        }
        #expect(problems(["it": SubscriptionConfiguration("orders", .run(["cat"]))]).isEmpty)
        let further: [SubscriptionName: SubscriptionConfiguration] = [
            "a": SubscriptionConfiguration("ordrs", .run([])),
            "b": SubscriptionConfiguration("orders", .run(["a\0b", "c"]), concurrency: 0),
            "c": SubscriptionConfiguration("a b", .publish(to: "orders"), filter: HeaderFilter([:])),
        ]
        #expect(
            problems(further) == [
                "subscriptions.a.command: names no program; give a list, the program first: [./handle, --fast]",
                "subscriptions.a.topic: \"ordrs\" has no route; did you mean orders?",
                "subscriptions.b.concurrency: \"0\" is not allowed; give integer, 1 to 10000",
                "subscriptions.b.command: contains a NUL, which no program can be given; remove it",
                "subscriptions.c.filter: has no headers; give at least one, or remove the filter",
                "subscriptions.c.topic: topic \"a b\" contains white space; separate words by a dot or a hyphen",
            ])
    }
}
