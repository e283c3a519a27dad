import Messaging

/// Scenario 70: everything is done from one context, and everything again from elsewhere.
struct CallingContext {
    private let context: ScenarioContext
    private let peer: Peer

    static func worksFromEverywhere(_ context: ScenarioContext) async throws {
        let run = CallingContext(context: context, peer: try await context.peer())
        try await run.works(from: "a task that finishes right after") { try await $0() }
        try await run.works(from: "a task that is cancelled right after") { work in
            try await work()
            withUnsafeCurrentTask { $0?.cancel() }
        }
        let actor = Caller()
        try await run.works(from: "another actor") { try await actor.call($0) }
        try await run.worksFromAnExecutor()
        try await run.settlesThoughCancelled()
    }

    /// Subscribes, publishes, receives and settles, each in a task that calls through `caller`, and then from here.
    private func works(
        from what: String,
        _ caller: @escaping @Sendable (@escaping @Sendable () async throws -> Void) async throws -> Void
    ) async throws {
        let (place, peer) = (try await context.place(by: peer), peer)
        let (subscribed, received) = (Observed<Member?>(nil), Observed<[Delivery]>([]))
        func call(_ name: String, _ work: @escaping @Sendable () async throws -> Void) async throws {
            do {
                try await context.meanwhile("\(name) from \(what)") { try await caller(work) }.value()
            } catch let error as BrokerError {
                throw ScenarioFailure("\(name) from \(what) threw \(error)")
            } catch let failure as PublishFailure {
                throw ScenarioFailure("\(name) from \(what) threw \(failure)")
            }
        }
        try await call("subscribe") {
            let member = try await subscribe(place)
            subscribed.change { $0 = member }
        }
        guard let member = subscribed.value else { throw ScenarioFailure("subscribe from \(what) gave no consumer") }
        let (first, second) = (context.message(), context.message())
        try await call("publish") { try await peer.broker.publish(first, to: place.destination) }
        try await call("receive") {
            let deliveries = try await member.consumer.receive(upTo: 1, within: context.patience)
            received.change { $0 = deliveries }
        }
        let deliveries = received.value
        try context.requireExactly(deliveries, [first.id], "what was published and received from \(what)")
        try await call("settle") {
            for delivery in deliveries {
                let outcome = await member.consumer.settle(delivery.receipt, as: .accept)
                try context.require(outcome == .settled, "settle from \(what) was answered \(outcome)")
            }
        }
        try await peer.publish(second, to: place)
        let later = try await laterCalls(member, after: what)
        try context.requireExactly(later, [second.id], "a consumer of \(what), asked from elsewhere")
        try await member.cancel()
        if context.kind != .pubSub {
            try await context.nothingComesBack(from: place, because: "it was accepted from \(what) or after it")
        }
    }

    private func laterCalls(_ member: Member, after what: String) async throws -> [Delivery] {
        do {
            let later = try await member.take(1)
            try await member.accept(later)
            return later
        } catch let error as BrokerError {
            throw ScenarioFailure("a consumer of \(what), asked from elsewhere, threw \(error)")
        }
    }

    /// Without the bounds of `Peer`, which have a task of their own.
    private func subscribe(_ place: Place) async throws -> Member {
        let consumer = try await peer.broker.subscribe(Subscription(place.destination, group: place.group))
        return Member(
            consumer, name: "\(peer.name).own", place: place, time: context.time, patience: context.patience)
    }

    private func worksFromAnExecutor() async throws {
        let executor = OwnExecutor()
        let running = context.meanwhile("an executor", within: context.patience * 20) { await executor.run() }
        let actor = ExecutedCaller(on: executor)
        defer { executor.stop() }
        try await works(from: "an actor with an executor of its own") { try await actor.call($0) }
        executor.stop()
        try await running.value()
    }

    /// A settlement does its work though its task was cancelled before.
    private func settlesThoughCancelled() async throws {
        if context.kind == .pubSub { return }
        let place = try await context.place(by: peer)
        try await peer.publish(context.messages(2), to: place)
        let member = try await peer.subscribe(place)
        let held = try await member.take(2)
        let outcomes = try await context.meanwhile("settle from a cancelled task") {
            withUnsafeCurrentTask { $0?.cancel() }
            let one = await member.consumer.settle(held[0].receipt, as: .accept)
            return [one] + (await member.consumer.settle([ReceiptSettlement(held[1].receipt, .accept)]))
        }.value()
        try context.require(
            outcomes == [.settled, .settled], "settle from a cancelled task was answered \(outcomes)")
        try await member.cancel()
        try await context.nothingComesBack(from: place, because: "it was accepted from a cancelled task")
    }
}

/// Calls from an actor.
private actor Caller {
    func call(_ work: @Sendable () async throws -> Void) async throws { try await work() }
}

/// Calls from an actor that runs where it is told.
private actor ExecutedCaller {
    private let executor: OwnExecutor
    nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

    init(on executor: OwnExecutor) { self.executor = executor }

    func call(_ work: @Sendable () async throws -> Void) async throws { try await work() }
}

/// An executor of the suite's own: one job after the other, in the task that runs it.
private final class OwnExecutor: SerialExecutor {
    private struct State: Sendable {
        var jobs = RingBuffer<UnownedJob>()
        var waiter: Waiter<Void>?
        var isStopped = false
    }

    private let state = Lock(State())

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        state.withLock { state -> Waiter<Void>? in
            state.jobs.append(job)
            return state.waiter.take()
        }?.resolve(())
    }

    func stop() {
        state.withLock { state -> Waiter<Void>? in
            state.isStopped = true
            return state.waiter.take()
        }?.resolve(())
    }

    /// Runs what comes, until it is stopped and nothing is left.
    func run() async {
        while true {
            let waiter = Waiter<Void>()
            let (job, isStopped) = state.withLock { state -> (UnownedJob?, Bool) in
                let job = state.jobs.popFirst()
                state.waiter = job == nil ? waiter : nil
                return (job, state.isStopped)
            }
            if let job {
                job.runSynchronously(on: asUnownedSerialExecutor())
            } else if isStopped {
                return
            } else {
                _ = await waiter.waitUncancelled()
            }
        }
    }
}
