import InMemoryBroker
import Messaging
import MessagingHub
import MessagingReliability

/// Scenario 69: a message goes from a broker that carries everything to the one that is tested, and back.
struct Bridging {
    static let all: [Scenario] = [
        Scenario(
            69, "Bridging A → B → A keeps every field, or `hub check` names beforehand what is lost.",
            why: """
                A company that moves from one broker to another would find out from its customers which part of its \
                messages the new one does not carry.
                """,
            .queue, .stream, level: .hub, body: keepsEveryField)
    ]

    /// A message, and the word of `hub check` for what a broker may be unable to carry of it.
    private struct Sample: Sendable {
        let message: Message
        let feature: String?
    }

    /// The words of `hub check` for limits, of which one must be there where the limits refuse a message.
    private static let limits = ["bodies over", "headers", "header ", "fields over", "priorities over"]

    private static let group: GroupName = "bridge"
    private let context: ScenarioContext
    private let origin: Topic
    private let away: Topic
    private let back: Topic
    private let tested: BrokerLimits
    private let factories: [BrokerFactory]
    private let configuration: HubConfiguration

    static func keepsEveryField(_ context: ScenarioContext) async throws {
        _ = try await context.peer()
        let run = Bridging(context, with: try await context.process().broker)
        let samples = run.samples()
        let (arrived, dead) = try await run.bridge(samples.map(\.message))
        let report = run.configuration.report(profiles: run.factories.map(\.profile), registered: run.factories)
        let notes = report.subscriptions.first { $0.name == "there" }?.notes.joined(separator: "; ") ?? ""
        for sample in samples {
            let id = sample.message.id
            if run.isNamed(sample, in: notes) { continue }
            try context.require(
                !dead.contains(id), "\(context.names([id])) was refused on its way, and hub check names nothing of it",
                about: [id])
            let came = arrived.filter { $0.id == id }
            try context.require(came.count == 1, "\(context.names([id])) came back \(came.count) times", about: [id])
            let lost = came.flatMap { PayloadScenarios.differences(sample.message, $0) }
            let said = lost.joined(separator: "; ")
            try context.require(
                lost.isEmpty, "bridging lost, and hub check names nothing of it: \(said)", about: [id])
        }
    }

    /// Whether notes say beforehand that this message cannot be carried: what it has, or because of limits that refuse it.
    private func isNamed(_ sample: Sample, in notes: String) -> Bool {
        if let feature = sample.feature, notes.contains(feature) { return true }
        let isBeyond = tested.refusal(of: sample.message, at: context.time.now) != nil
        return isBeyond && Self.limits.contains(where: notes.contains)
    }

    private init(_ context: ScenarioContext, with broker: any MessageBroker) {
        self.context = context
        tested = broker.limits
        (origin, away, back) = (context.topic("origin"), context.topic("away"), context.topic("back"))
        let home = BrokerProfile(
            type: "conformance-home", scheme: "conformance-home", options: OptionGroup([]),
            capabilities: BrokerProfile.inMemory.capabilities, limits: BrokerProfile.inMemory.limits)
        let tested = BrokerProfile(
            type: broker.type, scheme: "conformance", options: OptionGroup([]), capabilities: broker.capabilities,
            limits: broker.limits)
        let time = context.time
        factories = [
            BrokerFactory(home) { name, _, _ in InMemoryBroker(InMemoryServer(time: time), name: name) },
            BrokerFactory(tested) { _, _, _ in Named(broker, "away") },
        ]
        let kind = context.kind
        let group = kind == .stream ? Self.group : nil
        func route(_ topic: Topic, to broker: BrokerName, _ capabilities: BrokerCapabilities) -> RouteConfiguration {
            var route = RouteConfiguration(TopicPattern(topic), to: broker, as: kind)
            if kind == .stream { route.groups = [Self.group: .init()] }
            if capabilities.can(.priority, on: kind) { route.maximumPriority = 10 }
            route.retry = RetryPolicy(attempts: 1)
            return route
        }
        configuration = context.harness.configured(
            HubConfiguration(
                brokers: ["home": .init(home.type), "away": .init(broker.type)],
                routes: [
                    "origin": route(origin, to: "home", home.capabilities),
                    "away": route(away, to: "away", tested.capabilities),
                    "back": route(back, to: "home", home.capabilities),
                ],
                subscriptions: ["there": .init(origin, group: group, .publish(to: away))], grace: .seconds(5)))
        let place = Place(Destination(away, kind), group: nil)
        context.removesAtEnd(place.destination)
        _ = context.deadLetters(of: place)
    }

    private func samples() -> [Sample] {
        var full = context.message("full", key: PayloadScenarios.unusualText, body: Body("{\"größe\":1}"))
        full.type = "order.created"
        full.timestamp = Timestamp(milliseconds: context.time.now.milliseconds - 12_345)
        full.correlationID = "correlation-1"
        full.replyTo = "reply.here"
        full.contentType = .json
        full.contentEncoding = "identity"
        full.headers.append("Tenant", .text(PayloadScenarios.unusualText))
        full.headers.append("Tenant", "second")
        func sample(_ name: String, _ feature: String? = nil, _ edit: (inout Message) -> Void) -> Sample {
            var message = full
            message.id = context.message(name).id
            edit(&message)
            return Sample(message: message, feature: feature)
        }
        let expiration = Timestamp(milliseconds: context.time.now.milliseconds + 3_600_000)
        return [
            sample("full") { _ in },
            sample("transient") { $0.deliveryMode = .transient },
            sample("unheard-of") { $0.contentType = "application/x-unheard-of; version=3" },
            sample("empty") { $0.body = .empty },
            sample("prioritised", "priorities") { $0.priority = 7 },
            sample("expiring", "expirations") { $0.expiration = expiration },
            sample("null", "null bodies") { $0.body = .null },
            sample("binary", "header values that are not text") { message in
                message.headers.append("Bytes", .bytes([0xFF, 0x00]))
            },
        ]
    }

    /// Sends messages there and back; those that came back, and the ids of those that did not get there.
    private func bridge(_ messages: [Message]) async throws -> ([Message], Set<MessageID>) {
        let (arrived, dead) = (context.handler(), context.handler())
        let group = context.kind == .stream ? Self.group : nil
        let (origin, away, back, patience) = (origin, away, back, context.patience)
        try await context.time.bounded("a bridge", within: patience * 3) { [factories, configuration, context] in
            let environment = HubEnvironment(time: context.time, log: NoLog())
            try await withHub(configuration, brokers: factories, environment: environment) { hub in
                try await hub.subscribe(to: back, group: group, arrived.handle)
                for topic in [origin, away] {
                    try await hub.subscribe(to: Topic("\(topic).dead"), dead.handle)
                    let next = topic == origin ? away : back
                    try await hub.subscribe(forwardingFrom: topic, group: group) { delivery in
                        [ForwardedMessage(delivery.message, to: next)]
                    }
                }
                try await hub.publish(messages, to: origin)
                let end = context.time.uptime + patience
                while arrived.handled.count + dead.handled.count < messages.count, context.time.uptime < end {
                    try await context.time.sleep(for: .milliseconds(2))
                }
            }
        }
        return (arrived.handled.map(\.message), Set(dead.handled.map(\.message.id)))
    }
}

/// A broker by another name, as a configuration gives it.
private final class Named: BrokerDecorator {
    let base: any MessageBroker
    let name: BrokerName

    init(_ base: any MessageBroker, _ name: BrokerName) {
        self.base = base
        self.name = name
    }
}
