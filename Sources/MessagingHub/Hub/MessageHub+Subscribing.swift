import Foundation
public import Messaging
import MessagingReliability

extension MessageHub {
    /// Runs a handler for each message of a topic: `concurrency` at once, the route's number by default; on a route that
    /// keeps order, those of one key one after the other, and all of them where it keeps one order of all.
    ///
    /// A handler that returns has its delivery accepted; one that throws is run again as the route's policy says, and
    /// then its message is dead-lettered; `throw Reject(…)` dead-letters at once. A stream's messages go to each of its
    /// groups; a stream with one configured group needs no name of it here.
    ///
    /// With `until: .end` it ends by itself once everything is settled that was there when it became live, also what others
    /// of its group hold; `HubSubscription.waitUntilEnded` waits for that.
    ///
    /// Returns when the subscription is live, or, before the hub runs, at once. Throws `.noSuchDestination` where no
    /// route matches and what the broker says for good; what may succeed later is repeated until it does.
    @discardableResult
    public func subscribe(
        to topic: Topic, group: GroupName? = nil, concurrency: Int? = nil, until: Subscription.Until? = nil,
        _ handler: @escaping @Sendable (Delivery) async throws -> Void
    ) async throws -> HubSubscription {
        try await subscribe(.topic(topic), group, concurrency, .plain(handler), until: until)
    }

    /// The same for every topic that matches a pattern: on pubSub any, on a stream those that are declared. All of them
    /// must belong to one route. `Delivery.topic` says which it is.
    @discardableResult
    public func subscribe(
        to pattern: TopicPattern, group: GroupName? = nil, concurrency: Int? = nil,
        _ handler: @escaping @Sendable (Delivery) async throws -> Void
    ) async throws -> HubSubscription {
        try await subscribe(.pattern(pattern), group, concurrency, .plain(handler))
    }

    /// Runs a handler whose messages are sent on before its delivery is accepted: consume, process, produce.
    ///
    /// Where that fails, the run has failed.
    @discardableResult
    public func subscribe(
        forwardingFrom topic: Topic, group: GroupName? = nil, concurrency: Int? = nil,
        _ handler: @escaping @Sendable (Delivery) async throws -> [ForwardedMessage]
    ) async throws -> HubSubscription {
        try await subscribe(.topic(topic), group, concurrency, .forwarding(handler))
    }

    /// Runs a handler for each value of a typed topic, read from JSON. What cannot be read is dead-lettered at its first
    /// attempt, as `undecodable`.
    @discardableResult
    public func subscribe<Value: Decodable & Sendable>(
        to topic: TypedTopic<Value>, group: GroupName? = nil, concurrency: Int? = nil,
        _ handler: @escaping @Sendable (Value, Delivery) async throws -> Void
    ) async throws -> HubSubscription {
        let plain = DeliveryRunner.Handler.plain { delivery in
            try await handler(try Self.decoded(Value.self, delivery.message.body), delivery)
        }
        return try await subscribe(.topic(topic.topic), group, concurrency, plain)
    }

    /// What a typed subscription reads from a body; throws a sentence where it cannot.
    package static func decoded<Value: Decodable>(_ type: Value.Type, _ body: Body) throws -> Value {
        do {
            return try body.withBytes { bytes in
                // The decoder reads the bytes where they are. What it makes has copies, and it is gone when this returns.
                guard let start = UnsafeMutableRawPointer(mutating: bytes.baseAddress) else {
                    return try JSONDecoder().decode(type, from: Data())
                }
                let data = Data(bytesNoCopy: start, count: bytes.count, deallocator: .none)
                return try JSONDecoder().decode(type, from: data)
            }
        } catch {
            throw UndecodableBody(description: "body of \(body) is not a \(type) in JSON: \(error)")
        }
    }

    enum Source {
        case topic(Topic)
        case pattern(TopicPattern)
    }

    func subscribe(
        _ source: Source, _ group: GroupName?, _ concurrency: Int?, _ handler: DeliveryRunner.Handler,
        _ responder: Responder? = nil, handover: DeliveryHandover? = nil, until: Subscription.Until? = nil
    ) async throws -> HubSubscription {
        let (route, topic) = try route(of: source)
        guard let broker = brokers[route.configuration.place] else {
            throw BrokerError(
                .invalidConfiguration, "route \(route.name): there is no broker \(route.configuration.broker)")
        }
        let label = topic?.name ?? route.configuration.pattern.text
        try route.checkUse(.subscribe, of: label)
        let group = try self.group(group, of: route, label: label)
        let configuration = route.configuration
        var subscription =
            switch source {
            case .topic(let topic): Subscription(Destination(topic, configuration.kind), group: group)
            case .pattern(let pattern): Subscription(pattern, kind: configuration.kind, group: group)
            }
        subscription.until = until
        subscription.window = max(1, configuration.window)
        subscription.maxHold = configuration.maxHold
        let runner = runner(handler, for: subscription, of: topic, on: broker, route, responder, handover)
        let workers = configuration.workers(concurrency)
        let made = HubSubscription(
            subscription, on: broker, runner, workers: workers, terms,
            prepared: .init(publishers: publishers, route: route))
        do { try await start(made) } catch {
            // What nobody has in hand must not go on: a subscribe that throws has subscribed nothing.
            await made.cancel()
            throw error
        }
        if let warning = route.deprecation(.subscribe, of: label, at: environment.time.now) { log.log(warning) }
        return made
    }

    private func start(_ subscription: HubSubscription) async throws {
        let isRunning = isRunning
        guard arrivals.add(subscription) else {
            throw BrokerError.ended(.closed, "the hub was shut down; make a new one").during(.subscribe)
        }
        guard isRunning else { return }
        _ = await subscription.settled.wait(on: environment.time)
        if case .ended(let error?) = subscription.state { throw error }
        if Task.isCancelled { throw CancellationError() }
    }

    private func route(of source: Source) throws -> (Route, Topic?) {
        switch source {
        case .topic(let topic):
            if let problem = topic.problem { throw problem.during(.subscribe) }
            if let route = table.route(of: topic) { return (route, topic) }
            throw BrokerError(
                .noSuchDestination, "no route matches topic \(topic); add one to the configuration", during: .subscribe)
        case .pattern(let pattern):
            if let route = table.route(covering: pattern) { return (route, nil) }
            throw BrokerError(
                .noSuchDestination, "no route covers pattern \(pattern); add one, or subscribe to narrower patterns",
                during: .subscribe)
        }
    }

    private func group(_ group: GroupName?, of route: Route, label: String) throws(BrokerError) -> GroupName? {
        let groups = route.configuration.groups
        switch (route.configuration.kind, group) {
        case (.stream, nil):
            if groups.count == 1, let only = groups.first?.key { return only }
            let known = groups.keys.map(\.name).sorted().joined(separator: ", ")
            let hint = known.isEmpty ? "name one" : "name one of \(known)"
            throw BrokerError(.invalidArgument, "stream \(label) is read by groups; \(hint)", during: .subscribe)
        case (.stream, let group): return group
        case (let kind, let group?):
            throw BrokerError(
                .invalidArgument, "group \(group): a \(kind) has no groups; leave it out", during: .subscribe)
        case (_, nil): return nil
        }
    }

    private func runner(
        _ handler: DeliveryRunner.Handler, for subscription: Subscription, of topic: Topic?,
        on broker: any MessageBroker, _ wholeRoute: Route, _ responder: Responder?, _ handover: DeliveryHandover?
    ) -> DeliveryRunner {
        let route = wholeRoute.configuration
        let destinations = DeliveryDestinations(
            pattern: topic == nil ? subscription.label : "", topic: topic, kind: route.kind, broker: broker.name,
            table: table
        ) { [publishers] topic throws(BrokerError) in try await publishers.publisher(of: topic) }
        let observer = publishers.observer(
            of: topic?.name ?? route.pattern.text, route.kind, on: broker, group: subscription.group)
        let limits: @Sendable (Topic) -> BrokerLimits? = { [table, brokers] topic in
            table.route(of: topic).flatMap { brokers[$0.configuration.place]?.limits }
        }
        let inner =
            middlewares?.around(handler, destinations, group: subscription.group, observer) ?? handler
        let traced = observer.tracer.map { inner.traced(by: $0, limits: limits) } ?? inner
        let watched = observer.probe.map { traced.watched(by: $0.probe, as: $0.source) } ?? traced
        let breaker = route.breaker.map { policy in
            let circuit = CircuitBreaker(
                deciding: environment.policies.circuit(policy), time: environment.time,
                changed: observer.watching("process", policy))
            return HandlerBreaker(
                circuit, maxHold: route.kind == .pubSub ? nil : route.maxHold, time: environment.time,
                observer: observer)
        }
        let allowance = route.retryBudget.map { limit in
            RetryAllowance(
                environment.policies.budget(limit), limit: limit, time: environment.time, observer: observer)
        }
        return DeliveryRunner(
            watched, route.failurePolicy(crashCount: broker.capabilities.crashCount),
            timeout: route.timeout.flatMap(environment.policies.timeout), destinations: destinations,
            time: environment.time, counters: publishers.counters, observer: observer, breaker: breaker,
            allowance: allowance,
            deduplicator: deduplicator(for: subscription, of: wholeRoute, on: broker, destinations, observer),
            responder: responder, handover: handover, policies: environment.policies,
            random: environment.random)
    }
}
