import Messaging

extension MessageHub {
    /// Says how it is, in a file, until `end` fires; at once done where it is not to.
    func reportStatus(until end: Signal) async {
        guard let reporting = environment.status else { return }
        let (answers, time) = (StatusAnswers(), environment.time)
        let writer = StatusWriter(reporting: reporting, time: time, log: log) {
            self.status(answers.latest, at: time.uptime)
        }
        // Each broker is asked for itself, so that one that does not answer holds up nothing but what is known of it; at the
        // end it is told to give up, and not waited for.
        let asking = brokers.map { name, broker in
            Task(executorPreference: environment.door?.executor) { await self.ask(broker, name, answers, until: end) }
        }
        let executor = environment.door?.executor ?? SinkExecutor("status")
        await withTaskGroup(of: Void.self) { group in
            group.addTask(executorPreference: executor) { await writer.run(until: end) }
            await end.waitUncancelled()
            group.cancelAll()
        }
        for task in asking { task.cancel() }
    }

    /// Asks a broker how it is, and what it has, again and again.
    private func ask(
        _ broker: any MessageBroker, _ name: BrokerName, _ answers: StatusAnswers, until end: Signal
    ) async {
        while !end.isFired, !Task.isCancelled {
            answers.change(name) { [open = open] answers in answers.openHealth = answers.openHealth ?? open }
            if let health = await answer(until: end, { await broker.health() }) {
                answers.change(name) { ($0.health, $0.openHealth) = (health, nil) }
                await askForDepths(of: broker, name, answers, until: end)
            }
            await end.wait(atMost: StatusReporting.interval, on: environment.time)
        }
    }

    private func askForDepths(
        of broker: any MessageBroker, _ name: BrokerName, _ answers: StatusAnswers, until end: Signal
    ) async {
        guard let topology = broker.topology else { return }
        let all = Self.places(table, watch.subscriptions).filter { $0.broker == name }
        for place in answers.change(name, { $0.turn(of: all) }) {
            guard watch.isConnected(name), !end.isFired else { return }
            answers.change(name) { [open = open] answers in answers.openDepth = answers.openDepth ?? open }
            let answer = await answer(until: end) {
                do throws(BrokerError) {
                    return Result<DestinationDepth, BrokerError>.success(
                        try await topology.depth(of: place.destination, group: place.group))
                } catch { return .failure(error) }
            }
            // The rest has its turn later.
            guard let answer else { return }
            answers.change(name) { ($0.openDepth, $0.depths[place]) = (nil, try? answer.get()) }
        }
    }

    /// A question is asked now.
    private var open: StatusAnswers.Answers.Open { (environment.time.now, environment.time.uptime) }

    /// The answer to a question; nil where there is none in time, and it is told to give up.
    private func answer<Answer: Sendable>(
        until end: Signal, _ question: @escaping @Sendable () async -> Answer
    ) async -> Answer? {
        await withTaskGroup(of: Answer?.self) { group in
            group.addTask {
                let answer = await question()
                return Task.isCancelled ? nil : answer
            }
            group.addTask { [time = environment.time] in
                await end.wait(atMost: StatusReporting.patience, on: time)
                return nil
            }
            let answer = await group.next() ?? nil
            group.cancelAll()
            return answer
        }
    }

    /// How it is now, without what a writer of it knows.
    private func status(_ answers: [BrokerName: StatusAnswers.Answers], at uptime: Duration) -> HubStatus {
        let (metrics, promises) = (metrics(), promises)
        let routes = configuration.routes.sorted { $0.key.name < $1.key.name }.prefix(1000).map { name, route in
            HubStatus.Promised(name.name, promises.promise(of: route), asked: route.guarantee)
        }
        let subscriptions = configuration.subscriptions.sorted { $0.key.name < $1.key.name }.prefix(1000)
            .compactMap { name, subscription in
                promises.promise(of: subscription).map {
                    HubStatus.Promised(name.name, $0, asked: subscription.guarantee)
                }
            }
        let depths = answers.values.flatMap(\.depths.values)
        let held = depths.compactMap(\.held)
        let isOld = answers.contains { !$1.depths.isEmpty && ($1.isOld(at: uptime) || !watch.isConnected($0)) }
        return HubStatus(
            pid: 0, number: 0, command: "", state: phase.withLock { $0 }.word, since: "", written: "", uptime: 0,
            publishedPerSecond: 0, handledPerSecond: 0, published: metrics.published, handled: metrics.handled,
            failed: metrics.failed, retried: metrics.retried, deadLettered: metrics.deadLettered,
            inFlight: held.isEmpty ? nil : held.reduce(0, +),
            lag: depths.isEmpty ? nil : depths.map(\.waiting).reduce(0, +),
            destinations: answers.values.map(\.places.count).reduce(0, +), destinationsCounted: depths.count,
            countsAreOld: isOld, routes: routes, subscriptions: subscriptions,
            brokers: brokers.sorted { $0.key.name < $1.key.name }.map { name, broker in
                HubStatus.Broker(name.name, broker.type.name, answers[name], at: uptime)
            })
    }
}

extension HubStatus.Broker {
    fileprivate init(_ name: String, _ type: String, _ answers: StatusAnswers.Answers?, at uptime: Duration) {
        let known = answers?.health
        self.init(name: name, type: type, state: known?.state.rawValue ?? "unknown", reason: known?.reason)
        guard let since = answers?.silent(at: uptime) else { return }
        let last = known.map { "; it was \($0.state.rawValue)" } ?? ""
        (state, reason) = ("silent", "does not answer since \(since)\(last)")
    }
}

extension HubStatus.Promised {
    fileprivate init(_ name: String, _ promise: Promise, asked: Guarantee?) {
        let change = PromiseChange(before: nil, now: promise, asked: asked)
        self.init(
            name: name, guarantee: promise.guarantee.rawValue, endsWithProcess: promise.endsWithProcess,
            order: promise.order.rawValue, asked: change.isShort ? asked?.rawValue : nil)
    }
}

extension MessageHub.Phase {
    fileprivate var word: String {
        switch self {
        case .idle, .starting: "starting"
        case .running: "running"
        case .stopping, .closed: "stopping"
        }
    }
}
