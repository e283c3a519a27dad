import Messaging
import MessagingHub
import Synchronization

/// One run of the demonstration: sends every event to three destinations, handles it, and waits until each has ended.
struct DemoRun: Sendable {
    /// How many messages go out with one publish.
    static let batch = 100
    /// How many messages of a destination are on their way at most.
    static let window = 1000
    /// How long nothing may happen before what is missing counts as lost.
    static let patience = Duration.seconds(30)
    /// How many lines that are not events are named; of more there is only the number.
    static let namedLines = 100
    /// The header that tells the messages of this run from those of another one.
    static let runHeader: HeaderName = "demo-run"
    /// The header with the event's place.
    static let indexHeader: HeaderName = "demo-event"

    private let options: DemoOptions
    private let configuration: HubConfiguration
    private let console: Console
    private let input: String
    private let id = MessageID().description
    private let account = DemoAccount()

    init(_ options: DemoOptions, _ configuration: HubConfiguration, _ console: Console) throws {
        guard let input = options.inputPath else {
            throw BrokerError(
                .invalidArgument,
                "Examples/data/commits.ndjson is not found from here upwards; name a file with --input")
        }
        self.options = options
        self.configuration = configuration
        self.console = console
        self.input = input
    }

    /// Runs it, away from the main actor.
    @concurrent func run(interruptedBy interrupts: Interrupts.Note?) async throws -> DemoOutcome {
        try EventReader.check(input)
        let start = ContinuousClock.now
        var environment = HubEnvironment(
            log: ConsoleLog(configuration.log.sink, without: ["message failed", "message dead-lettered"]) {
                console.progress?.remove()
            }, logLevel: .warning)
        environment.status = StatusReporting(
            command: "demo", configuration: options.config, environment: console.environment)
        let (sending, targets) = try await withHub(
            configuration, brokers: Backends.factories, environment: environment
        ) { hub in
            try await exercise(hub, interrupts, since: start)
        }
        return DemoOutcome(
            ledger: account.recorder.ledger,
            latencies: targets.map { ($0.destination, account.latencies(of: $0.topic)) },
            elapsed: ContinuousClock.now - start, problems: sending.problems, interruption: interrupts?.status,
            hasFailed: sending.hasFailed || options.onBadLine == .stop && !sending.problems.isEmpty)
    }

    private func exercise(
        _ hub: MessageHub, _ interrupts: Interrupts.Note?, since start: ContinuousClock.Instant
    ) async throws -> (Sending, [Target]) {
        let targets = try targets(of: hub)
        for target in targets { try await subscribe(hub, target) }
        return try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await showProgress(since: start) }
            defer { group.cancelAll() }
            let sending = try await send(hub, targets, interrupts)
            try await waitForTheRest(interrupts)
            return (sending, targets)
        }
    }

    /// A destination of the demonstration, as the configuration has it.
    private struct Target: Sendable {
        let topic: Topic
        let kind: DestinationKind
        let groups: [GroupName?]
        let filters: [GroupName: HeaderFilter]
        let deadLetterTopic: Topic?
        var destination: Destination { Destination(topic, kind) }
    }

    private func targets(of hub: MessageHub) throws -> [Target] {
        var problems: [ConfigurationProblem] = []
        var targets: [Target] = []
        for topic in DemoTopics.all {
            guard let route = hub.route(of: topic) else {
                let sentence = "no route matches \(topic), which the demonstration sends to; add one"
                problems.append(ConfigurationProblem(at: ConfigurationPath("routes"), sentence))
                continue
            }
            let known = route.groups.keys.sorted { $0.name < $1.name }
            let groups: [GroupName?] = route.kind == .stream ? (known.isEmpty ? ["analytics", "audit"] : known) : [nil]
            let deadLetterTopic = route.kind == .pubSub ? nil : hub.deadLetterTopic(of: topic)
            targets.append(
                Target(
                    topic: topic, kind: route.kind, groups: groups, filters: route.groups.compactMapValues(\.filter),
                    deadLetterTopic: deadLetterTopic))
        }
        if !problems.isEmpty { throw ConfigurationError(problems) }
        return targets
    }

    // MARK: Handling

    private func subscribe(_ hub: MessageHub, _ target: Target) async throws {
        let destination = target.destination
        if let topic = target.deadLetterTopic {
            try await hub.subscribe(to: topic) { delivery in
                if isOurs(delivery.message) { account.deadLettered(delivery.message, from: destination) }
            }
        }
        for group in target.groups {
            account.recorder.expect(group, of: destination)
            try await hub.subscribe(to: target.topic, group: group) { delivery in
                guard isOurs(delivery.message) else { return }
                if delivery.attempt == 1 {
                    account.began(target.topic, sentAt: delivery.message.timestamp, now: .now)
                }
                if target.topic == DemoTopics.tasks, fails(delivery, target) { throw DemoFailure() }
                account.handled(delivery.message, from: destination, group: group)
            }
        }
    }

    private func isOurs(_ message: Message) -> Bool { message.headers[Self.runHeader] == id }

    private func fails(_ delivery: Delivery, _ target: Target) -> Bool {
        guard let index = delivery.message.headers[Self.indexHeader].flatMap({ Int($0) }) else { return false }
        return DemoFate.of(
            index, seed: options.seed, failRate: target.kind == .pubSub ? 0 : options.failRate,
            mayFailAlways: target.deadLetterTopic != nil
        ).fails(run: delivery.attempt)
    }

    // MARK: Sending

    /// What became of the sending: what was wrong with the input, and whether it ended at what cannot be passed over.
    private struct Sending: Sendable {
        var problems: [String] = []
        var hasFailed = false
    }

    /// Sends every event, up to the first that is refused.
    private func send(
        _ hub: MessageHub, _ targets: [Target], _ interrupts: Interrupts.Note?
    ) async throws -> Sending {
        var reader = try EventReader(input) { interrupts?.status != nil }
        var problems: [String] = []
        var (badLines, isFirstPass) = (0, true)
        var (isOver, isRefused, isUnreadable) = (false, false, false)
        while !isOver, interrupts?.status == nil, !Task.isCancelled {
            var events: [DemoEvent] = []
            let most = options.count == 0 ? Self.batch : min(Self.batch, options.count - reader.read)
            while events.count < most, !isOver {
                do {
                    if let event = try await reader.next() {
                        events.append(event)
                    } else if interrupts?.status == nil, options.count > 0, reader.read > 0 {
                        try reader.rewind()
                        isFirstPass = false
                    } else {
                        isOver = true
                    }
                } catch let error as EventReader.BadLine {
                    if isFirstPass { badLines += 1 }
                    if isFirstPass, badLines <= Self.namedLines { note(error, &problems) }
                    isOver = options.onBadLine == .stop
                } catch let error as BrokerError {
                    problems.append(error.sentence)
                    (isUnreadable, isOver) = (true, true)
                }
            }
            for target in targets where !events.isEmpty && !isRefused {
                guard let refusal = try await publish(events, hub, target) else { continue }
                problems.append("sending to \(target.destination) was refused: \(refusal.sentence)")
                (isRefused, isOver) = (true, true)
            }
            if options.count > 0, reader.read >= options.count { isOver = true }
        }
        if badLines > Self.namedLines {
            problems.append("\((badLines - Self.namedLines).grouped) more lines are not events either")
        }
        if reader.read == 0, interrupts?.status == nil, problems.isEmpty || options.onBadLine == .skip {
            problems.append("\(input) has no events")
        }
        return Sending(problems: problems, hasFailed: isRefused || isUnreadable)
    }

    private func note(_ error: EventReader.BadLine, _ problems: inout [String]) {
        problems.append(error.description)
        if options.onBadLine == .stop {
            problems.append("stopped there; --on-bad-line skip goes on with the next line")
        }
    }

    /// Sends events to one destination; the error of the first that was not confirmed.
    private func publish(
        _ events: [DemoEvent], _ hub: MessageHub, _ target: Target
    ) async throws -> BrokerError? {
        let now = Timestamp.now
        let messages = events.map { event in
            Message(
                Body(event.body), type: "commit", key: target.kind == .stream ? event.component : event.author,
                headers: [Self.runHeader: .text(id), Self.indexHeader: .text(String(event.index))],
                contentType: .json, timestamp: now)
        }
        do {
            try await hub.publish(messages, to: target.topic)
            note(messages, sentTo: target)
        } catch let failure as PublishFailure {
            note(messages.indices.filter { failure.outcomes[$0] == nil }.map { messages[$0] }, sentTo: target)
            return failure.first
        }
        // Live broadcasts drop what a slow subscriber has no room for, so nobody runs far ahead of the handlers.
        while account.outstanding > Self.window {
            try await Task.sleep(for: .microseconds(500))
            if account.isStuck(for: Self.patience) { return nil }
        }
        return nil
    }

    /// Each of these is to end in every group; what a group's filter does not let through has ended there already.
    private func note(_ confirmed: [Message], sentTo target: Target) {
        account.sent(confirmed, to: target.destination)
        account.expected.add(confirmed.count * target.groups.count, ordering: .relaxed)
        for (group, filter) in target.filters {
            for message in confirmed where !filter.matches(message.headers) {
                account.filtered(message, from: target.destination, group: group)
            }
        }
    }

    /// Waits until everything that was sent has ended, or nothing happens any more.
    private func waitForTheRest(_ interrupts: Interrupts.Note?) async throws {
        var pause = Duration.milliseconds(5)
        while !account.isStuck(for: interrupts?.status == nil ? Self.patience : configuration.grace) {
            // The ledger is asked only when the counts say that it may be complete: asking it takes a while.
            if account.hasEnded, !account.recorder.ledger.entries.contains(where: { $0.lost > 0 }) { return }
            try await Task.sleep(for: pause)
            if account.hasEnded { pause = min(pause * 2, .seconds(1)) }
        }
    }

    private func showProgress(since start: ContinuousClock.Instant) async {
        guard let line = console.progress else { return }
        while !Task.isCancelled {
            line.show(account.line(since: start))
            try? await Task.sleep(for: .milliseconds(100))
        }
    }
}
