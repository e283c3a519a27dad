import Messaging
import MessagingHub

/// One copy: opens and connects both ends, carries the messages over, and says what became of them.
struct CopyRun: Sendable {
    /// How many lines of a file are given to the target at once.
    static let batch = 500
    /// How long the position of a file may be behind what is copied.
    static let positionInterval = Duration.milliseconds(100)

    /// How many refused messages and bad lines are named; of more there is only the number.
    static let named = 100
    /// What the log has of single messages, and the copy says itself.
    private static let told: Set<String> = ["message failed", "message dead-lettered", "message not published"]

    let plan: CopyPlan
    let account: CopyAccount
    private let factories: [BrokerFactory]
    private let console: Console
    private let interrupts: Interrupts.Note?
    private let gate: CopyGate
    private let pace: CopyPace

    init(
        _ plan: CopyPlan, _ account: CopyAccount, _ factories: [BrokerFactory], _ console: Console,
        interruptedBy interrupts: Interrupts.Note?
    ) {
        self.plan = plan
        self.account = account
        self.factories = factories
        self.console = console
        self.interrupts = interrupts
        gate = CopyGate(limit: plan.options.limit)
        pace = CopyPace(rate: plan.options.rate)
    }

    /// Copies, away from the main actor. Throws what keeps it from beginning, and what ended it.
    @concurrent func run() async throws {
        if case .file(let path) = plan.source { try Descriptor.check(path) }
        switch plan.target {
        case .topic(let place):
            try await withHub(place.configuration, brokers: factories, environment: environment(place)) { hub in
                try await copy(to: TopicTarget(hub: hub, topic: place.topic))
            }
        case .file(let path):
            let (output, note) = try await RecordOutput.open(path, plan.options.format, isInterrupted: isInterrupted)
            if let note { warn(note) }
            let topic: Topic? = if case .topic(let place) = plan.source { place.topic } else { nil }
            try await copy(to: FileTarget(output: output, format: plan.options.format, topic: topic))
        }
        if let problem = gate.problem { throw problem }
    }

    private func copy(to target: any CopyTarget) async throws {
        switch plan.source {
        case .topic(let place):
            try await place.checkThatItExists(factories)
            try await withHub(place.configuration, brokers: factories, environment: environment(place)) { hub in
                try await copy(from: hub, place, to: target)
            }
        case .file(let path): try await copy(from: path, to: target)
        }
    }

    private var isInterrupted: @Sendable () -> Bool { { [interrupts] in interrupts?.status != nil } }

    private func environment(_ place: TopicPlace) -> HubEnvironment {
        let log = ConsoleLog(place.configuration.log.sink, without: Self.told) {
            console.progress?.remove()
        }
        var environment = HubEnvironment(log: log, logLevel: .warning)
        environment.status = StatusReporting(
            command: plan.options.command, configuration: plan.options.config, environment: console.environment)
        return environment
    }

    /// Says what is wrong with one message, as long as there are few of them.
    private func complain(_ sentence: String) {
        let counts = account.counts
        if counts.refused + counts.skipped < Self.named { warn(sentence) }
    }

    private func warn(_ sentence: String) {
        console.progress?.remove()
        console.writeError("hub \(plan.options.command): \(sentence)")
    }

    // MARK: From a topic

    private func copy(from hub: MessageHub, _ place: TopicPlace, to target: any CopyTarget) async throws {
        let settings = place.settings
        try await hub.deliveries(
            of: place.topic, group: plan.group, concurrency: settings?.concurrency ?? CopyPlan.concurrency,
            until: plan.options.untilEnd ? .end : nil
        ) { deliveries in
            account.hasBegun.withLock { $0 = true }
            try await withThrowingTaskGroup(of: Void.self) { tasks in
                tasks.addTask { try await take(deliveries, of: hub, to: target) }
                tasks.addTask {
                    await interrupts?.wait() ?? ()
                    if interrupts?.status != nil { gate.close() }
                    await gate.drained()
                }
                tasks.addTask { await gate.drained() }
                defer { tasks.cancelAll() }
                // Either the deliveries have ended, or no more may pass, and what was on its way has arrived.
                _ = try await tasks.next()
            }
        }
    }

    private func take(_ deliveries: Deliveries, of hub: MessageHub, to target: any CopyTarget) async throws {
        try await withThrowingDiscardingTaskGroup { tasks in
            for try await pending in deliveries {
                if gate.isClosed { break }
                tasks.addTask { try await carry(pending, of: hub, to: target) }
            }
        }
    }

    /// Gives a delivery to the target, and only then accepts it. What may not pass is let go of, and goes back.
    private func carry(_ pending: PendingDelivery, of hub: MessageHub, to target: any CopyTarget) async throws {
        if gate.isClosed { return }
        if let filter = plan.filter, !filter.matches(pending.message.headers) {
            if case .handled = try await pending.handle({ _ in }) { account.filtered() }
            return
        }
        guard await pace.turn(unless: { gate.isClosed }) else { return }
        guard await gate.enterWhenPossible() else { return }
        let entry = Lock(true)
        @Sendable func leave(givingBack: Bool = false) {
            let wasIn = entry.withLock { isIn in
                defer { isIn = false }
                return isIn
            }
            if wasIn { gate.leave(givingBack: givingBack) }
        }
        defer { leave(givingBack: true) }
        let isRefused = Lock(false)
        let outcome = try await pending.handle { delivery in
            account.begin(delivery.message.id)
            switch await target.deliver([delivery.message]).first {
            case .received: account.received(delivery.message)
            case .refused(let error):
                complain("message \(delivery.message.id) was refused: \(error.sentence)")
                account.refused()
                isRefused.withLock { $0 = true }
                throw Reject(error.sentence)
            case .unavailable(let error): try await giveBack(error) { leave() }
            case nil: try await giveBack(BrokerError(.brokerFailure, "the target gave no answer")) { leave() }
            }
        }
        // What was not copied has taken no place of the limit.
        if outcome != .skipped { leave() }
        if isRefused.withLock({ $0 }) { account.givenUp(pending.message.id, of: hub.metrics().deadLettered) }
    }

    /// Waits until the rest has arrived, and is then cancelled: so this delivery goes back uncounted.
    private func giveBack(_ error: BrokerError, _ leave: () -> Void) async throws {
        gate.close(error)
        leave()
        try await Task.sleep(for: .seconds(86_400 * 365))
    }

    // MARK: From a file

    private func copy(from path: String, to target: any CopyTarget) async throws {
        account.hasBegun.withLock { $0 = true }
        let identity = plan.options.group.map { _ in FileIdentity(path) }
        let input = try RecordInput(
            path, plan.options.format, leavingUnfinished: identity != nil, isInterrupted: isInterrupted,
            makeID: { offset, line in identity?.id(offset, line) ?? MessageID() })
        let track = try await FileTrack(path, input, plan.options)
        var deadLetters: RecordOutput?
        if let path = plan.options.deadLetters {
            let (output, note) = try await RecordOutput.open(path, .ndjson, isInterrupted: isInterrupted)
            if let note { warn(note) }
            deadLetters = output
        }
        let most = plan.options.concurrency ?? 1
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            var inFlight = 0
            while !gate.isFull, !track.isStopped, let batch = await next(input, track) {
                if inFlight == most { try await tasks.next() }
                inFlight = min(inFlight + 1, most)
                tasks.addTask { [deadLetters] in try await carry(batch, track, to: target, deadLetters) }
            }
            try await tasks.waitForAll()
        }
        if await input.hasUnfinished {
            warn("the last line of \(path.quoted) has no end yet, and is left for later; without --group it is copied")
        }
        try await track.end()
    }

    /// The next messages of the file that are to be copied, and where they end; nil at its end. What is wrong with it is kept
    /// until what stands before it is copied.
    private func next(_ input: RecordInput, _ track: FileTrack) async -> FileTrack.Batch? {
        let elements: [RecordInput.Element]
        do throws(BrokerError) {
            elements = try await input.next(upTo: min(Self.batch, pace.batch))
        } catch {
            track.stop(at: error)
            return nil
        }
        if elements.isEmpty { return nil }
        var messages: [Message] = []
        var place: PositionFile.Place?
        for element in elements {
            if gate.isFull { break }
            switch element {
            case .bad(let line, let why, let end, let mark):
                if plan.options.onBadLine == .stop {
                    track.stop(at: track.problem(line, why))
                    return track.batch(messages, up: place)
                }
                complain(track.problem(line, why).sentence)
                account.skipped()
                place = PositionFile.Place(offset: end, lines: line, mark: mark)
            case .record(let record):
                if let filter = plan.filter, !filter.matches(record.message.headers) {
                    account.filtered()
                } else if gate.enter() {
                    messages.append(plan.additions.applied(to: record.message))
                } else {
                    return track.batch(messages, up: place)
                }
                place = PositionFile.Place(offset: record.end, lines: record.line, mark: record.mark)
            }
        }
        return track.batch(messages, up: place)
    }

    private func carry(
        _ batch: FileTrack.Batch, _ track: FileTrack, to target: any CopyTarget, _ deadLetters: RecordOutput?
    ) async throws {
        defer { gate.leave(batch.messages.count) }
        if !batch.messages.isEmpty {
            // What has failed is not made worse, and what is asked to end begins nothing.
            guard gate.problem == nil else { return }
            guard await pace.turn(of: batch.messages.count, unless: { gate.isStopped || isInterrupted() }) else {
                return
            }
            for message in batch.messages { account.begin(message.id) }
            let fates = await target.deliver(batch.messages)
            var isWhole = fates.count == batch.messages.count
            for (message, fate) in zip(batch.messages, fates) {
                switch fate {
                case .received: account.received(message)
                case .refused(let error): isWhole = try await park(message, error, deadLetters) && isWhole
                case .unavailable(let error):
                    gate.close(error)
                    isWhole = false
                }
            }
            if !isWhole { return }
        }
        try await track.finished(batch)
    }

    /// Puts a message that the target refuses where the dead letters go; false, and the end of the copy, where they go
    /// nowhere.
    private func park(_ message: Message, _ error: BrokerError, _ deadLetters: RecordOutput?) async throws -> Bool {
        guard let deadLetters else {
            let remedy = "--dead-letters FILE keeps such messages, and goes on"
            gate.close(BrokerError(error.code, "message \(message.id) was refused: \(error.sentence); \(remedy)"))
            return false
        }
        complain("message \(message.id) was refused: \(error.sentence)")
        account.refused()
        var letter = message
        letter.headers[.deadLetterReason] = "rejected"
        letter.headers[.deadLetterError] = error.sentence
        let number = try await deadLetters.add(Array(MessageRecord.line(letter).utf8))
        try await deadLetters.sync(number)
        account.deadLettered(message.id)
        return true
    }
}
