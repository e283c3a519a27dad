import InMemoryBroker
import Messaging
import MessagingReliability
import Testing

@testable import MessagingHub

@Suite struct RouteTableTests {
    private func table(_ patterns: [String], _ edit: (inout RouteConfiguration) -> Void = { _ in }) throws -> RouteTable
    {
        var routes: [RouteName: RouteConfiguration] = [:]
        for pattern in patterns {
            let style: TopicPattern.Style = pattern.contains(">") ? .nats : .amqp
            var route = RouteConfiguration(try TopicPattern(pattern, style: style), to: "main", as: .stream)
            edit(&route)
            routes[RouteName(pattern)] = route
        }
        return try RouteTable(routes)
    }

    @Test(arguments: [
        ("orders.created", "orders.created"), ("orders.paid", "orders.*"), ("orders.paid.late", "orders.#"),
        ("bills.created", "*.created"), ("bills.paid", "#"), ("orders", "orders.#"),
    ])
    func theNarrowestRouteTakesATopic(topic: String, route: String) throws {
        let wide = topic.hasPrefix("orders") ? "orders.*" : "*.created"
        let table = try table(["#", "orders.#", "orders.created", "bills.*.x", wide])
        #expect(table.route(of: try Topic(topic))?.name.name == route)
    }

    @Test("S1-75 a pattern is compiled once: a second match and a second look-up go by the tokens of the first")
    func compiledOnce() throws {
        // Two lists of tokens that are both there are one only if nothing was compiled between.
        func isOne(_ left: [TopicPattern.Token], _ right: [TopicPattern.Token]) -> Bool {
            left.withUnsafeBufferPointer { left in
                right.withUnsafeBufferPointer { right in left.baseAddress == right.baseAddress }
            }
        }
        let pattern = try TopicPattern("orders.*.#", style: .amqp)
        let compiled = pattern.tokens
        #expect(!isOne(compiled, try TopicPattern("orders.*.#", style: .amqp).tokens))
        let route = RouteConfiguration(pattern, to: "main", as: .queue)
        let hub = try MessageHub(
            HubConfiguration(brokers: ["main": BrokerConfiguration(.inMemory)], routes: ["orders": route]),
            brokers: [.inMemory()])
        for topic in ["orders.eu", "orders.eu", "orders.us.late"] as [Topic] {
            #expect(pattern.matches(topic))
            #expect(isOne(pattern.tokens, compiled))
            let found = try #require(hub.table.route(of: topic))
            #expect(isOne(found.configuration.pattern.tokens, compiled))
            #expect(hub.route(of: topic).map { isOne($0.pattern.tokens, compiled) } == true)
        }
        #expect(hub.table.route(covering: pattern).map { isOne($0.configuration.pattern.tokens, compiled) } == true)
    }

    @Test func twoThatAreEquallyNarrowAreRefusedByName() throws {
        let error = #expect(throws: BrokerError.self) { try table(["orders.*", "*.created"]) }
        #expect(error?.sentence.contains("orders.*") == true)
        #expect(error?.sentence.contains("*.created") == true)
        _ = try table(["orders.*", "*.created.x"])
        _ = try table(["orders.*", "bills.*"])
    }

    @Test func manyThatTieAreReportedOnceEach() throws {
        var routes: [RouteName: RouteConfiguration] = [:]
        for number in 0..<300 {
            routes[RouteName("r\(1000 + number)")] = RouteConfiguration(
                try TopicPattern("orders.*", style: .amqp), to: "main", as: .stream)
        }
        let error = try #require(throws: BrokerError.self) { try RouteTable(routes) }
        let sentences = error.sentence.split(separator: "; routes ")
        #expect(sentences.count == 299)
        #expect(sentences.last?.contains("r1299 match topics in common (and 298 more do") == true)
        let broker = BrokerConfiguration(.inMemory)
        let problems = HubConfiguration(brokers: ["main": broker], routes: routes).problems(profiles: [.inMemory])
            .filter { $0.sentence.contains("neither is more specific") }
        #expect(problems.count == 299)
        #expect(problems.last?.sentence.contains("that route r1000 matches too (as 298 more do)") == true)
    }

    @Test func nothingMatchesWhereThereIsNoRoute() throws {
        #expect(try table(["orders.*"]).route(of: "bills")?.name == nil)
    }

    @Test func deadLetterTopicsAreQueuesOfTheirRoutesBroker() throws {
        let table = try table(["#"])
        let route = try #require(table.route(of: "orders.dead"))
        #expect(route.configuration.kind == .queue)
        #expect(route.configuration.deadLetter == .none)
        #expect(table.route(of: "orders.dead.dead")?.configuration.kind == .stream)
    }

    @Test func aRouteThatNamesADeadLetterTopicHasIt() throws {
        let table = try table(["orders.*", "orders.a.dead"])
        #expect(table.route(of: "orders.a.dead")?.name == "orders.a.dead")
        #expect(table.route(of: "orders.b.dead")?.configuration.kind == .queue)
        let named = try self.table(["orders"]) { $0.deadLetter = .topic("failed") }
        #expect(named.route(of: "failed")?.configuration.kind == .queue)
        #expect(named.route(of: "orders.dead")?.name == nil)
    }

    @Test func aSubscriptionToAPatternNeedsARouteThatCoversIt() throws {
        func pattern(_ text: String) throws -> TopicPattern {
            try TopicPattern(text, style: text.contains(">") ? .nats : .amqp)
        }
        let table = try table(["orders.#", "bills.*", "deep.>"])
        #expect(table.route(covering: try pattern("orders.*.done"))?.name == "orders.#")
        #expect(table.route(covering: try pattern("orders.>"))?.name == "orders.#")
        #expect(table.route(covering: try pattern("bills.*"))?.name == "bills.*")
        #expect(table.route(covering: try pattern("bills.a"))?.name == "bills.*")
        #expect(table.route(covering: try pattern("bills.#"))?.name == nil)
        #expect(table.route(covering: try pattern("deep.a.b"))?.name == "deep.>")
        #expect(table.route(covering: try pattern("deep.#"))?.name == nil)
        #expect(table.route(covering: try pattern("#"))?.name == nil)
    }
}
