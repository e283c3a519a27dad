import InMemoryBroker
import Messaging
import Testing

@testable import MessagingHub

@Suite("What a target cannot carry") struct FidelityTests {
    private static let small = BrokerProfile.inMemory.limits.with { limits in
        limits.maximumBodyBytes = 100
        limits.maximumHeaders = 5
        limits.headerGrammar = .line
        limits.maximumPriority = 9
    }

    private func away(
        _ limits: BrokerLimits, without refused: [BrokerCapabilities.Operation] = []
    ) -> BrokerProfile {
        var capabilities = BrokerProfile.inMemory.capabilities
        for kind in [DestinationKind.queue, .stream] {
            for operation in refused { capabilities.operations[kind]?[operation] = .refused(reason: "it cannot") }
        }
        return BrokerProfile(
            type: "other", scheme: "other", options: OptionGroup([]), capabilities: capabilities, limits: limits)
    }

    /// Routes `orders` at home and `archive` away; a bridge between them, and dead letters.
    private func report(
        _ profile: BrokerProfile, _ edit: (inout HubConfiguration) -> Void = { _ in }
    ) throws -> (notes: [String], deadLetters: [String]) {
        var orders = RouteConfiguration(TopicPattern("orders"), to: "home", as: .queue)
        orders.deadLetter = .topic("archive")
        let archive = RouteConfiguration(TopicPattern("archive"), to: "away", as: .queue)
        var configuration = HubConfiguration(
            brokers: ["home": BrokerConfiguration(.inMemory), "away": BrokerConfiguration("other")],
            routes: ["orders": orders, "archive": archive],
            subscriptions: ["it": SubscriptionConfiguration("orders", .publish(to: "archive"))])
        edit(&configuration)
        let report = configuration.report(profiles: [.inMemory, profile], registered: [])
        #expect(report.brokers.allSatisfy { broker in !broker.notes.contains { $0.contains("carry") } })
        let route = try #require(report.routes.first { $0.name == "orders" })
        return (report.subscriptions.flatMap(\.notes), route.notes.filter { $0.contains("carry") })
    }

    @Test func brokersThatCarryTheSameHaveNothingToSay() throws {
        let found = try report(away(BrokerProfile.inMemory.limits))
        #expect(found.notes.isEmpty && found.deadLetters.isEmpty)
    }

    @Test func whatTheTargetOfABridgeOrOfDeadLettersCannotCarryIsNamed() throws {
        let found = try report(away(Self.small, without: [.priority, .nullBody, .delay, .expiration]))
        let limits =
            "bodies over 100 bytes, more than 5 headers, priorities over 9, header values that are not one line of text"
        #expect(found.notes == ["archive cannot carry priorities, expirations, null bodies, \(limits)"])
        #expect(found.deadLetters == ["dead letters in archive cannot carry priorities, null bodies, \(limits)"])
    }

    @Test func onlyTheBridgesThatExistAreLookedAt() throws {
        let found = try report(away(Self.small)) { configuration in
            configuration.subscriptions = ["it": SubscriptionConfiguration("orders", .run(["cat"]))]
            configuration.routes["orders"]?.deadLetter = .byDefault
        }
        #expect(found.notes.isEmpty && found.deadLetters.isEmpty)
    }

    @Test func aBridgeBetweenTwoKindsOfOneBrokerLosesWhatTheSecondHasNot() throws {
        let found = try report(away(BrokerProfile.inMemory.limits)) { configuration in
            configuration.routes["archive"]?.broker = "home"
            configuration.routes["archive"]?.kind = .stream
        }
        #expect(found.notes == ["archive cannot carry priorities"])
    }

    @Test func whatTwoTypesLoseIsThatOfAnyKindAndOnceEach() {
        let (home, away) = (FidelitySide(.inMemory), FidelitySide(away(Self.small, without: [.delay, .expiration])))
        let losses = home.losses(to: away)
        #expect(losses.prefix(3) == [.delay, .expiration, .bodies(over: 100)])
        #expect(losses.count == Set(losses).count && losses.count == 6)
        #expect(home.losses(to: home).isEmpty)
        #expect(away.losses(to: home).isEmpty)
    }
}
