package import Messaging
package import MessagingHub

extension ScenarioContext {
    /// Runs a hub in a process of its own, with a route to this place, while `body` does. Its start declares the place and
    /// where its dead letters go, which is removed at the end too.
    /// `clock`: the hub's. Default: the harness's. `others`: brokers of the same type that it has beside `main`.
    /// `watchedBy` gives it sinks; without, it logs nowhere.
    package func withHub<Value: Sendable>(
        at place: Place, on clock: (any TimeSource)? = nil, grace: Duration = .seconds(5),
        routes more: [RouteName: RouteConfiguration] = [:], beside others: [BrokerName: any MessageBroker] = [:],
        over decorated: (any MessageBroker) -> any MessageBroker = { $0 },
        remembering store: (any DeduplicationStore)? = nil,
        watchedBy watch: (inout HubEnvironment) -> Void = { _ in },
        route edit: (inout RouteConfiguration) -> Void = { _ in },
        _ body: @escaping @Sendable (MessageHub) async throws -> Value
    ) async throws -> Value {
        let broker = decorated(try await process().broker)
        var route = RouteConfiguration(TopicPattern(place.destination.topic), to: "main", as: place.destination.kind)
        if let group = place.group { route.groups = [group: .init()] }
        edit(&route)
        let routes = more.merging(["tested": route]) { $1 }
        for route in routes.values where route.deadLetter == .byDefault {
            guard let topic = route.pattern.literal else { continue }
            _ = deadLetters(of: Place(Destination(topic, route.kind), group: nil))
        }
        var brokers = others.mapValues { _ in BrokerConfiguration(broker.type) }
        brokers["main"] = .init(broker.type)
        let configuration = harness.configured(HubConfiguration(brokers: brokers, routes: routes, grace: grace))
        let profile = BrokerProfile(
            type: broker.type, scheme: "conformance", options: OptionGroup([]), capabilities: broker.capabilities,
            limits: broker.limits)
        let factory = BrokerFactory(profile) { name, _, _ in
            if let other = others[name] { Renamed(other, name) } else { broker }
        }
        var sinks = HubEnvironment(time: clock ?? time, log: NoLog(), deduplication: store)
        // What waits on a clock that a scenario moves is what the scenario is about.
        if clock != nil { sinks.idleTime = .seconds(86_400 * 365) }
        watch(&sinks)
        let environment = harness.watched(sinks)
        history.add("hub", "runs with a route to \(place)")
        defer { history.add("hub", "is shut down") }
        return try await time.bounded("a hub and what is done with it", within: patience * 5 + grace) {
            try await MessagingHub.withHub(configuration, brokers: [factory], environment: environment, body)
        }
    }

    /// A handler whose runs are written into the history.
    package func handler(
        _ behaviour: @escaping @Sendable (RecordingHandler.Run) async throws -> Void = { _ in }
    ) -> RecordingHandler {
        let history = history
        return RecordingHandler(on: time) { run in
            history.add("handler", "runs, attempt \(run.attempt),", [run.message.id])
            do { try await behaviour(run) } catch {
                history.add("handler", "throws \(error)", [run.message.id])
                throw error
            }
            history.add("handler", "returns", [run.message.id])
        }
    }

    /// Where dead letters of a place go by default.
    package func deadLetters(of place: Place) -> Place {
        let dead = Place(.queue(Topic(unchecked: "\(place.destination.topic).dead")), group: nil)
        removesAtEnd(dead.destination)
        return dead
    }
}

/// A broker under the name that it has in a hub: to the hub, one of another name is another broker.
private final class Renamed: BrokerDecorator {
    let base: any MessageBroker
    let name: BrokerName

    init(_ base: any MessageBroker, _ name: BrokerName) {
        self.base = base
        self.name = name
    }
}

/// A broker that returns a retried message at once, whatever its delay.
package final class EagerRetries: BrokerDecorator {
    package let base: any MessageBroker

    package init(_ base: any MessageBroker) { self.base = base }

    package func subscribe(_ subscription: Subscription) async throws(BrokerError) -> any MessageConsumer {
        Consumer(base: try await base.subscribe(subscription))
    }

    private struct Consumer: ConsumerDecorator {
        let base: any MessageConsumer

        func settle(_ settlements: [ReceiptSettlement]) async -> [SettlementOutcome] {
            await base.settle(settlements.map { ReceiptSettlement($0.receipt, eager($0.settlement)) })
        }

        func settle(_ receipt: Receipt, as settlement: Settlement) async -> SettlementOutcome {
            await base.settle(receipt, as: eager(settlement))
        }

        private func eager(_ settlement: Settlement) -> Settlement {
            if case .retry(_, let failure) = settlement { .retry(after: .zero, failure: failure) } else { settlement }
        }
    }
}
