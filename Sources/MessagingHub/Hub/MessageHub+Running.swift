import Messaging

extension MessageHub {
    /// Connects, declares what the routes need, and runs every subscription until `shutdown` is called or the task is
    /// cancelled; both shut down gracefully, and it returns without an error.
    ///
    /// The shape of `Service` of ServiceLifecycle: `extension MessageHub: Service {}` in a program is all it takes.
    /// Throws what keeps the hub from starting: a broker that cannot be reached, a declaration that conflicts with what
    /// exists, a need that the connected server does not meet; and when it runs already or was shut down.
    public func run() async throws {
        try begin()
        // Cancellation is a request to shut down in order, so the work itself must not be cancelled with this task.
        let work = Task { try await self.work() }
        try await withTaskCancellationHandler {
            try await work.value
        } onCancel: {
            self.stopping.fire()
        }
    }

    /// Shuts down in order: no new deliveries; handlers in flight finish, within the configuration's grace period, and
    /// are settled; the rest goes back; the brokers are closed.
    ///
    /// Returns when that is done, also when the calling task is cancelled. Harmless when repeated and before `run`, which
    /// then throws. Not to be called from a handler, which it would wait for.
    public func shutdown() async {
        let wasIdle = state.withLock { state in
            guard state.phase == .idle else { return false }
            state.phase = .closed
            return true
        }
        stopping.fire()
        if wasIdle {
            arrivals.close()
            settled.fire()
            closed.fire()
        }
        await closed.waitUncancelled()
    }

    /// Returns when it runs; throws when it is known that it will not, and when the task is cancelled.
    func waitUntilRunning() async throws {
        _ = await settled.wait(on: environment.time)
        if state.withLock({ $0.phase == .closed }) { throw BrokerError.ended(.closed, "the hub did not start") }
        try Task.checkCancellation()
    }

    private func begin() throws(BrokerError) {
        let phase = state.withLock { state in
            defer { if state.phase == .idle { state.phase = .starting } }
            return state.phase
        }
        switch phase {
        case .idle: return
        case .closed: throw .ended(.closed, "the hub was shut down; make a new one")
        case .starting, .running, .stopping:
            throw BrokerError(.invalidArgument, "the hub runs already; call run() once")
        }
    }

    private func work() async throws {
        let drained = Signal()
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await self.log.drain(until: drained, on: self.environment.time) }
            defer {
                drained.fire()
                log.wake()
            }
            do {
                try await connect()
                try await declareAll()
            } catch {
                await close()
                throw error
            }
            let isStarted = state.withLock { state in
                if state.phase == .starting { state.phase = .running }
                return state.phase == .running
            }
            settled.fire()
            if isStarted { await serve() }
            await close()
        }
    }

    /// Runs the subscriptions, and sees them to their end.
    private func serve() async {
        await withDiscardingTaskGroup { group in
            group.addTask {
                await self.stopping.waitUncancelled()
                self.state.withLock { $0.phase = .stopping }
                self.arrivals.close()
            }
            while let subscription = await arrivals.next() {
                group.addTask {
                    await subscription.run()
                    self.forget(subscription)
                }
            }
            await endSubscriptions()
            // Handlers that ignore their cancellation keep `run` waiting, but neither the brokers nor `shutdown`.
            await closeBrokers()
        }
    }

    /// A subscription that has ended is no longer asked anything.
    func forget(_ subscription: HubSubscription) {
        state.withLock { $0.subscriptions.removeAll { $0 === subscription } }
    }

    private func endSubscriptions() async {
        let subscriptions = state.withLock { $0.subscriptions }
        await withDiscardingTaskGroup { group in
            for subscription in subscriptions {
                group.addTask { await subscription.end(within: self.configuration.grace) }
            }
        }
    }

    private func connect() async throws {
        let used = Set(table.routes.map(\.configuration.broker))
        let results = await withTaskGroup(of: (BrokerName, BrokerError?).self) { group in
            for (name, broker) in brokers where used.contains(name) {
                group.addTask {
                    do throws(BrokerError) {
                        try await broker.connect { [weak self] event in self?.note(event, of: name) }
                        return (name, nil)
                    } catch {
                        return (name, error)
                    }
                }
            }
            return await group.reduce(into: []) { $0.append($1) }
        }
        for (name, error) in results.sorted(by: { $0.0.name < $1.0.name }) {
            if let error { throw BrokerError(error.code, "broker \(name): \(error.sentence)", during: .connect) }
            state.withLock { _ = $0.isConnected.insert(name) }
        }
        let problems = HubAssembly.problems(of: table, in: configuration, on: brokers, factories)
        if !problems.isEmpty { throw ConfigurationError(problems) }
    }

    private func declareAll() async throws(BrokerError) {
        for (name, declarations) in try HubAssembly.declarations(of: table) {
            try await brokers[name]?.declare(declarations)
        }
    }

    private func close() async {
        arrivals.close()
        await closeBrokers()
    }

    private func closeBrokers() async {
        await withDiscardingTaskGroup { group in
            for broker in brokers.values {
                group.addTask { await broker.close(within: min(self.configuration.grace, .seconds(5))) }
            }
        }
        state.withLock { state in
            state.phase = .closed
            state.publishers = [:]
            state.isConnected = []
            state.subscriptions = []
        }
        settled.fire()
        closed.fire()
    }

    /// What a broker reports by itself: logged once, and passed on to the subscriptions that it concerns.
    private func note(_ event: BrokerEvent, of broker: BrokerName) {
        let facts = [(name: "hub.broker", value: broker.name)]
        func write(_ level: LogRecord.Level, _ text: String, _ keys: [(name: String, value: String)] = []) {
            if log.takes(level) { log.log(LogRecord(level, text, facts + keys, at: environment.time.now)) }
        }
        switch event {
        case .up:
            state.withLock { if $0.phase != .closed { $0.isConnected.insert(broker) } }
            write(.info, "broker connected")
        case .down(let error):
            state.withLock { _ = $0.isConnected.remove(broker) }
            write(.warning, "broker disconnected", [("error", error.description)])
        case .blocked(let reason): write(.warning, "broker blocked", [("reason", reason)])
        case .unblocked: write(.info, "broker unblocked")
        case .gap(let label, let missed):
            write(
                .warning, "messages missed", [("subscription", label), ("count", missed.map { "\($0)" } ?? "unknown")])
        case .revoked(let label, let lanes):
            write(.info, "lanes revoked", [("subscription", label), ("lanes", "\(lanes)")])
            let subscriptions = state.withLock { $0.subscriptions }
            for subscription in subscriptions where subscription.label == label { subscription.revoke() }
        case .ended(let label, let error):
            write(.error, "subscription ended by the broker", [("subscription", label), ("error", error.description)])
        }
    }
}
