import Messaging

extension MessageHub {
    /// Connects, declares what the routes need, and runs every subscription until `shutdown` is called or the task is
    /// cancelled; both shut down gracefully, and it returns without an error.
    ///
    /// The shape of `Service` of ServiceLifecycle: `extension MessageHub: @retroactive Service {}` in a program is all it
    /// takes.
    /// Throws what keeps the hub from starting: a broker that cannot be reached, a declaration that conflicts with what
    /// exists, a need that the connected server does not meet; and when it runs already or was shut down.
    public func run() async throws {
        try begin()
        // Cancellation is a request to shut down in order, so the work itself must not be cancelled with this task.
        let work = Task(executorPreference: environment.door?.executor) { try await self.work() }
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
        let wasIdle = phase.withLock { phase in
            defer { if phase == .idle { phase = .closed } }
            return phase == .idle
        }
        stopping.fire()
        if wasIdle {
            publishers.close()
            await dismiss()
            settled.fire()
            closed.fire()
        }
        await closed.waitUncancelled()
    }

    /// Returns when it runs; throws when it is known that it will not, and when the task is cancelled.
    package func waitUntilRunning() async throws {
        _ = await settled.wait(on: environment.time)
        if phase.withLock({ $0 == .closed }) { throw BrokerError.ended(.closed, "the hub did not start") }
        try Task.checkCancellation()
    }

    private func begin() throws(BrokerError) {
        let now = phase.withLock { phase in
            defer { if phase == .idle { phase = .starting } }
            return phase
        }
        switch now {
        case .idle: return
        case .closed: throw .ended(.closed, "the hub was shut down; make a new one")
        case .starting, .running, .stopping:
            throw BrokerError(.invalidArgument, "the hub runs already; call run() once")
        }
    }

    private func work() async throws {
        let drained = Signal()
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                await self.telemetry.run(until: drained, on: self.environment.time, report: self.metricsReport)
            }
            group.addTask { await self.reportStatus(until: drained) }
            group.addTask { await self.watchPromises() }
            defer {
                drained.fire()
                promiseWatch.close()
                telemetry.wake()
            }
            do {
                guard try await connectUnlessStopped() else {
                    await dismiss()
                    return await closeBrokers()
                }
                try await declareAll()
                logPromises()
                warnOfDeprecations()
            } catch {
                await dismiss()
                await closeBrokers()
                throw error
            }
            phase.withLock { $0 = .running }
            publishers.open()
            settled.fire()
            await serve()
        }
    }

    /// Runs the subscriptions, and sees them to their end.
    private func serve() async {
        await withDiscardingTaskGroup { group in
            group.addTask {
                await self.stopping.waitUncancelled()
                self.phase.withLock { $0 = .stopping }
                self.arrivals.close()
            }
            while let subscription = await arrivals.next() {
                if !subscription.hasRun { watch.add(subscription) }
                group.addTask {
                    if await subscription.run(returningBy: self.arrivals) { self.watch.remove(subscription) }
                }
            }
            await endSubscriptions()
            // Handlers that ignore their cancellation keep `run` waiting, but neither the brokers nor `shutdown`.
            await closeBrokers()
        }
    }

    /// Ends the subscriptions that were never run, and takes no more.
    private func dismiss() async {
        arrivals.close()
        while let subscription = await arrivals.next() { await subscription.end(within: .zero) }
    }

    /// Those to reply topics last, so that handlers in flight get the replies that they wait for.
    private func endSubscriptions() async {
        let subscriptions = watch.subscriptions
        await end(subscriptions.filter { !requests.owns($0) })
        requests.close()
        await end(subscriptions.filter(requests.owns))
    }

    private func end(_ subscriptions: [HubSubscription]) async {
        await withDiscardingTaskGroup { group in
            for subscription in subscriptions {
                group.addTask { await subscription.end(within: self.configuration.grace) }
            }
        }
    }

    /// False where it was asked to stop before every broker had answered: nobody waits for one that does not.
    private func connectUnlessStopped() async throws -> Bool {
        try await withThrowingTaskGroup(of: Bool.self) { group in
            group.addTask {
                do { try await self.connect() } catch {
                    if self.stopping.isFired { return false }
                    throw error
                }
                return true
            }
            group.addTask { [time = environment.time] in
                await self.stopping.wait(on: time)
                return false
            }
            let isConnected = try await group.next() ?? false
            group.cancelAll()
            return isConnected
        }
    }

    private func connect() async throws {
        let used = Set(table.routes.map(\.configuration.place))
        let results = await withTaskGroup(of: (BrokerName, BrokerError?).self) { group in
            for (name, broker) in brokers where used.contains(name) {
                group.addTask { (name, await self.problem(connecting: broker, as: name)) }
            }
            return await group.reduce(into: []) { $0.append($1) }
        }
        for (name, error) in results.sorted(by: { $0.0.name < $1.0.name }) {
            if let error { throw BrokerError(error.code, "broker \(name): \(error.sentence)", during: .connect) }
            watch.connected(name)
        }
        let problems =
            HubAssembly.problems(of: table, in: configuration, on: brokers, factories)
            + configuration.shortfalls(promises, read: ReadValues())
        if !problems.isEmpty { throw ConfigurationError(problems) }
    }

    private func problem(connecting broker: any MessageBroker, as name: BrokerName) async -> BrokerError? {
        let counter = ConnectionCounter(publishers.counters)
        counter.begin()
        do throws(BrokerError) {
            try await broker.connect { [watch, promiseWatch] event in
                counter.note(event)
                watch.note(event, of: name)
                if event == .up { promiseWatch.ring() }
            }
        } catch {
            counter.end(isConnected: false)
            return error
        }
        counter.end(isConnected: true)
        return nil
    }

    private func declareAll() async throws(BrokerError) {
        for (name, declarations) in try HubAssembly.declarations(of: table) {
            try await brokers[name]?.declare(declarations)
        }
    }

    private func warnOfDeprecations() {
        for route in table.routes {
            let topics = route.configuration.pattern.text
            if let warning = route.deprecation(nil, of: topics, at: environment.time.now) { log.log(warning) }
        }
    }

    private func closeBrokers() async {
        await withDiscardingTaskGroup { group in
            for broker in brokers.values {
                group.addTask { await broker.close(within: min(self.configuration.grace, .seconds(5))) }
            }
        }
        phase.withLock { $0 = .closed }
        publishers.close()
        requests.close()
        watch.close()
        settled.fire()
        closed.fire()
    }
}
