import Messaging

extension MessageHub {
    /// Says how it is, in a file, until `end` fires; at once done where it is not to.
    func reportStatus(until end: Signal) async {
        guard let reporting = environment.status else { return }
        let answers = StatusAnswers()
        let writer = StatusWriter(reporting: reporting, time: environment.time, log: log) {
            self.status(answers.latest)
        }
        let executor = environment.door?.executor ?? SinkExecutor("status")
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await self.ask(answers, until: end) }
            group.addTask(executorPreference: executor) { await writer.run(until: end) }
            await end.waitUncancelled()
            group.cancelAll()
        }
    }

    /// Asks the brokers, so that one that does not answer holds up nothing but what is known of it.
    private func ask(_ answers: StatusAnswers, until end: Signal) async {
        while !end.isFired, !Task.isCancelled {
            answers.note(await health().brokers)
            var depths: [DestinationDepth] = []
            for place in Self.places(table, watch.subscriptions).prefix(100) where watch.isConnected(place.broker) {
                guard !end.isFired, let topology = brokers[place.broker]?.topology else { continue }
                if let depth = try? await topology.depth(of: place.destination, group: place.group) {
                    depths.append(depth)
                }
            }
            answers.note(depths)
            await end.wait(atMost: StatusReporting.interval, on: environment.time)
        }
    }

    /// How it is now, without what a writer of it knows.
    private func status(_ answers: StatusAnswers.Latest) -> HubStatus {
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
        return HubStatus(
            pid: 0, number: 0, command: "", state: phase.withLock { $0 }.word, since: "", written: "", uptime: 0,
            publishedPerSecond: 0, handledPerSecond: 0, published: metrics.published, handled: metrics.handled,
            failed: metrics.failed, retried: metrics.retried, deadLettered: metrics.deadLettered,
            inFlight: answers.held, lag: answers.waiting, routes: routes, subscriptions: subscriptions,
            brokers: brokers.sorted { $0.key.name < $1.key.name }.map { name, broker in
                let health = answers.health[name]
                return HubStatus.Broker(
                    name: name.name, type: broker.type.name, state: health?.state.rawValue ?? "unknown",
                    reason: health?.reason)
            })
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
