import InMemoryBroker
public import Messaging
public import MessagingHub

/// Runs a hub of this configuration while a test does, every broker replaced by one in memory.
///
/// The configuration is the program's own, unchanged: names, routes and limits hold. Each broker has a server of its own
/// and refuses what its type refuses; what is known of the types comes from `factories`, and from the profiles that the
/// configuration was loaded with. Time is virtual, and all handlers run one step at a time, in the same order every time.
///
/// `live: true` runs the same test against the brokers that `factories` make, in real time. Throws what keeps the hub
/// from starting, what `body` throws, and a `TestHubError` when handlers never come to rest.
public func withTestHub<Result: Sendable>(
    _ configuration: HubConfiguration, brokers factories: [BrokerFactory] = [], live: Bool = false,
    options: TestHubOptions = TestHubOptions(), _ body: (TestHub) async throws -> Result
) async throws -> Result {
    if live { return try await withLiveTestHub(configuration, factories, options, body) }
    let activity = Activity()
    let clock = TestClock(activity)
    let executor = StepExecutor(activity)
    let journal = Journal(on: clock, activity, stepLimit: options.stepLimit)
    let door = HubDoor(journal, executor: executor, gatherTime: executor.gatherTime, random: { 0 })
    let hub = try MessageHub(
        configuration,
        brokers: known(factories, configuration).map { BrokerFactory.memory(as: $0).journaled(by: journal, options) },
        environment: .testing(door, clock, options))
    executor.start()
    let running = Task(executorPreference: executor) { try await hub.run() }
    let result: Swift.Result<Result, any Error>
    do {
        try await hub.waitUntilRunning()
        let test = TestHub(hub, journal, .memory(clock, activity, executor), patience: options.patience)
        // The test is one of the tasks that take turns: nothing moves while it looks.
        result = .success(try await withTaskExecutorPreference(executor) { try await body(test) })
    } catch {
        result = .failure(error)
    }
    let ending = Task(executorPreference: executor) {
        await hub.shutdown()
        try await running.value
    }
    // What still runs gets its grace period, in virtual time; then it is cancelled.
    let end = clock.deadline(after: configuration.grace + .seconds(1))
    while await activity.wait(for: .idle, within: options.patience), let next = clock.nextAlarm, next <= end {
        clock.advance(to: next)
    }
    defer { executor.stop() }
    return try await finish(result, running, ending, journal, within: options.patience)
}

private func withLiveTestHub<Result: Sendable>(
    _ configuration: HubConfiguration, _ factories: [BrokerFactory], _ options: TestHubOptions,
    _ body: (TestHub) async throws -> Result
) async throws -> Result {
    let journal = Journal(on: SystemTime.shared, nil, stepLimit: options.stepLimit)
    let hub = try MessageHub(
        configuration, brokers: factories.map { $0.journaled(by: journal, options) },
        environment: .testing(HubDoor(journal), SystemTime.shared, options))
    let running = Task { try await hub.run() }
    let result: Swift.Result<Result, any Error>
    do {
        try await hub.waitUntilRunning()
        result = .success(try await body(TestHub(hub, journal, .live, patience: options.patience)))
    } catch {
        result = .failure(error)
    }
    let ending = Task {
        await hub.shutdown()
        try await running.value
    }
    return try await finish(result, running, ending, journal, within: configuration.grace + options.patience)
}

/// Waits for the end of a hub, and says what came of the test: an error of its start first, then the body's. One that does
/// not end in time is told to stop at once, and not waited for any longer: its handler may never return.
private func finish<Result: Sendable>(
    _ result: Swift.Result<Result, any Error>, _ running: Task<Void, any Error>, _ ending: Task<Void, any Error>,
    _ journal: Journal, within limit: Duration
) async throws -> Result {
    do {
        try await SystemTime.shared.bounded("the end of the test hub", within: limit) { try await ending.value }
    } catch let error as Overdue {
        running.cancel()
        if case .failure(let error) = result { throw error }
        let running = journal.state.value.runs.filter { $0.outcome == .running }
        throw TestHubError.unsettled(error.what, within: limit, running, 0)
    }
    let value = try result.get()
    if let error = journal.state.value.error { throw error }
    return value
}

/// What is known of the types of broker, each once: what the program registers first.
private func known(_ factories: [BrokerFactory], _ configuration: HubConfiguration) -> [BrokerProfile] {
    let all = factories.map(\.profile) + configuration.profiles + [.inMemory]
    var types: Set<BrokerType> = []
    return all.filter { types.insert($0.type).inserted }
}

extension BrokerFactory {
    /// Makes brokers in memory that refuse what this profile's refuse, each on a server of its own.
    fileprivate static func memory(as profile: BrokerProfile) -> BrokerFactory {
        if profile.type == .inMemory { return .inMemory() }
        return BrokerFactory(profile) { (name, values, environment) throws(BrokerError) -> any MessageBroker in
            let own = BrokerProfile(
                type: profile.type, scheme: profile.scheme, options: profile.options,
                capabilities: profile.capabilities, limits: profile.limits(with: values))
            return InMemoryBroker(InMemoryServer(time: environment.time), name: name, profile: own)
        }
    }

    /// The same, with what the test wants before each broker, and the journal before that.
    fileprivate func journaled(by journal: Journal, _ options: TestHubOptions) -> BrokerFactory {
        BrokerFactory(profile) { (name, values, environment) throws(BrokerError) -> any MessageBroker in
            JournaledBroker(options.decorate(try make(name, values, environment), environment.time), journal)
        }
    }
}

extension HubEnvironment {
    fileprivate static func testing(_ door: HubDoor, _ time: any TimeSource, _ options: TestHubOptions) -> Self {
        var environment = HubEnvironment(time: time, log: options.log, middlewares: options.middlewares)
        environment.door = door
        return environment
    }
}
