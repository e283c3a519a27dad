import Messaging
import MessagingHub

/// `hub consume`: from its words to its exit status.
final class ConsumeJob: Sendable {
    /// How long a queue has to have nothing more for it to be shown as a whole.
    static let patience = Duration.seconds(1)
    /// How much of a queue is held at most while it is shown.
    static let most = 1000

    private let options: ConsumeOptions
    private let console: Console
    private let factories: [BrokerFactory]
    private let count = Lock(0)

    init(_ options: ConsumeOptions, _ console: Console, factories: [BrokerFactory] = Backends.factories) {
        self.options = options
        self.console = console
        self.factories = factories
    }

    func run() async -> ExitStatus {
        let place: TopicPlace
        do { place = try resolved() } catch { return refuse(error) }
        if let why = place.endsWithProcess {
            say("note: \(place.shown) is empty: \(why), and this is a process of its own")
        }
        let interrupts = console.answersSignals ? Interrupts {} : nil
        do {
            try await options.acks ? take(place, interrupts?.note) : show(place, interrupts?.note)
        } catch {
            let status = refuse(error)
            return status == .usage ? .failure : status
        }
        let interruption = interrupts?.note.status
        withExtendedLifetime(interrupts) {}
        say("\(count.withLock { $0 }.grouped) messages \(options.acks ? "accepted" : "shown, none taken")")
        return interruption ?? .success
    }

    private func resolved() throws -> TopicPlace {
        let endpoint = try Endpoint(options.topic)
        let place = try TopicPlace(
            endpoint, file: options.config, environment: console.environment, profiles: Backends.profiles)
        guard let place else {
            throw CopyProblems(["TOPIC: \(options.topic.quoted) is no topic; a file needs no hub to be shown"])
        }
        var problems: [String] = []
        if options.acks, options.peeks { problems.append("--ack and --peek exclude each other; give one of them") }
        if options.group != nil, !options.acks {
            problems.append("--group: without --ack it is read as no group; add --ack")
        }
        if place.kind != .stream {
            if options.group != nil { problems.append("--group: a \(place.kind) has no groups; leave it out") }
            if options.from != nil { problems.append("--from: a \(place.kind) is read from where it is; leave it out") }
        }
        if options.untilEnd, place.kind == .pubSub { problems.append("--until-end: a pubsub has no end; give --count") }
        if options.format == .body { problems.append("--format: body is for hub publish; give ndjson or lines") }
        if !problems.isEmpty { throw CopyProblems(problems) }
        return place.with { route in
            guard options.acks, route.kind == .stream else { return }
            let group = GroupName(options.group ?? CopyPlan.group.name)
            if route.groups[group] == nil || options.from != nil {
                route.groups[group, default: .init()].start = options.from ?? .earliest
            }
        }
    }

    // MARK: Accepting

    private func take(_ place: TopicPlace, _ interrupts: Interrupts.Note?) async throws {
        let group = place.kind == .stream ? GroupName(options.group ?? CopyPlan.group.name) : nil
        var environment = HubEnvironment(log: ConsoleLog(place.configuration.log.sink) {}, logLevel: .warning)
        environment.status = StatusReporting(
            command: "consume", configuration: options.config, environment: console.environment)
        try await withHub(place.configuration, brokers: factories, environment: environment) { hub in
            try await hub.deliveries(of: place.topic, group: group, until: options.untilEnd ? .end : nil) {
                deliveries in
                try await self.stopping(at: interrupts) {
                    for try await pending in deliveries {
                        try await pending.handle { delivery in try await self.write(delivery, place) }
                        if self.isEnough { return }
                    }
                }
            }
        }
    }

    private static func checkThatItIsALine(_ message: Message) throws {
        guard let text = message.body.text, !text.contains("\n") else {
            let remedy = "without --format lines it is shown whole"
            throw BrokerError(.unsupported, "the body of message \(message.id) is no line of text; \(remedy)")
        }
    }

    /// Runs something until it ends, or the process is asked to end.
    private func stopping(
        at interrupts: Interrupts.Note?, _ body: @escaping @Sendable () async throws -> Void
    ) async throws {
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask { try await body() }
            if let interrupts { tasks.addTask { await interrupts.wait() } }
            defer { tasks.cancelAll() }
            try await tasks.next()
        }
    }

    // MARK: Showing

    private func show(_ place: TopicPlace, _ interrupts: Interrupts.Note?) async throws {
        try await place.withBroker(factories) { broker in
            try await self.stopping(at: interrupts) { try await self.show(place, at: broker) }
        }
    }

    private func show(_ place: TopicPlace, at broker: any MessageBroker) async throws {
        let destination = Destination(place.topic, place.kind)
        if place.kind == .stream {
            guard let replay = broker.replay else {
                throw BrokerError(.unsupported, "\(place.shown) cannot be read as no group; add --ack")
            }
            let reader = try await replay.reader(of: destination, from: options.from ?? .earliest, until: .end)
            try await show(place, patience: nil) { () async throws(BrokerError) in
                try await reader.receive(upTo: 1, within: .seconds(60))
            }
            return await reader.cancel()
        }
        let window = min(options.count ?? Self.most, Self.most)
        let consumer = try await broker.subscribe(Subscription(destination, window: window))
        let patience = place.kind == .queue ? Self.patience : nil
        try await show(place, patience: patience) { () async throws(BrokerError) in
            try await consumer.receive(upTo: 1, within: patience ?? .seconds(60))
        }
        await consumer.cancel()
        if place.kind == .queue, count.withLock({ $0 }) == Self.most, options.count != Self.most {
            say("stopped after \(Self.most.grouped), because what is shown is held meanwhile; --ack takes more")
        }
    }

    /// Writes what is received, until that is enough, or nothing comes within `patience`.
    private func show(
        _ place: TopicPlace, patience: Duration?, _ receive: () async throws(BrokerError) -> [Delivery]
    ) async throws {
        while !isEnough, place.kind != .queue || count.withLock({ $0 }) < Self.most {
            let deliveries: [Delivery]
            do throws(BrokerError) { deliveries = try await receive() } catch {
                if error.endReason == .reachedEnd || error.code == .cancelled { return }
                throw error
            }
            if deliveries.isEmpty, patience != nil { return }
            for delivery in deliveries { try await write(delivery, place) }
        }
    }

    // MARK: Writing

    private var isEnough: Bool { options.count.map { limit in count.withLock { $0 >= limit } } ?? false }

    private func write(_ delivery: Delivery, _ place: TopicPlace) async throws {
        switch options.format {
        case .ndjson, .body:
            try await console.print(
                MessageRecord.line(
                    delivery.message, topic: delivery.topic ?? place.topic, attempt: delivery.attempt,
                    position: delivery.position))
        case .lines:
            try await console.print(
                delivery.message.body.text ?? "\(delivery.message.body.count) bytes that are no text")
        }
        count.withLock { $0 += 1 }
    }

    private func say(_ sentence: String) { console.writeError("hub consume: \(sentence)") }

    private func refuse(_ error: any Error) -> ExitStatus {
        let sentences: [String] =
            switch error {
            case let error as ConfigurationError: error.problems.map(\.description)
            case let error as CopyProblems: error.problems
            case let error as BrokerError: [error.sentence]
            default: ["\(error)"]
            }
        for sentence in sentences { console.writeError("\(console.errorStyle.red("hub consume")): \(sentence)") }
        return error is ConfigurationError ? .configuration : .usage
    }
}
