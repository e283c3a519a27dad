import Dispatch
import InMemoryBroker
import Messaging
import MessagingReliability
import MessagingTesting
import Testing

@testable import MessagingHub

@Suite(.timeLimit(.minutes(5))) struct SubscriberLoopTests {
    private let counters = HubCounters()

    private func loop(
        _ consumer: any MessageConsumer, workers: Int = 8, ordered: Bool = false,
        retry: RetryPolicy = RetryPolicy(attempts: 2, delay: .milliseconds(1)),
        rest: Duration? = nil, handover: DeliveryHandover? = nil,
        _ handler: @escaping @Sendable (Delivery) async throws -> [ForwardedMessage]
    ) -> SubscriberLoop {
        let environment = HubEnvironment(log: NoLog())
        let log = BufferedLog(NoLog(), level: .info)
        let observer = HubObserver(
            of: "orders", kind: .queue, on: InMemoryBroker(), group: nil, environment: environment, log: log)
        let table = RouteTable()
        let destinations = DeliveryDestinations(
            pattern: "", topic: "orders", kind: .queue, broker: "memory", table: table
        ) { (_) throws(BrokerError) in throw BrokerError(.noSuchDestination, "none") }
        let runner = DeliveryRunner(
            .forwarding(handler),
            FailurePolicy(RetrySelection(retry), isOrdered: ordered),
            timeout: nil, destinations: destinations, time: SystemTime.shared, counters: counters, observer: observer,
            handover: handover)
        return SubscriberLoop(
            consumer, runner, workers: workers, sweepTime: SystemTime.shared, rest: rest)
    }

    /// Runs a loop until a condition holds, then stops it.
    private func run(_ loop: SubscriberLoop, until what: String, _ condition: @escaping () async -> Bool) async throws {
        async let end = loop.run()
        try await eventually(what, condition)
        await loop.stop()
        _ = await end
    }

    @Test(arguments: [1, 2, 8, 64], [false, true]) func everythingIsHandledOnce(workers: Int, ordered: Bool)
        async throws
    {
        let consumer = FakeConsumer(count: 5000)
        let seen = Recorder<UInt64>()
        let loop = loop(consumer, workers: workers, ordered: ordered) {
            seen.add($0.receipt.sequence)
            return []
        }
        try await run(loop, until: "all settled") { consumer.settled.count == 5000 }
        #expect(Set(seen.all).count == 5000)
        #expect(seen.count == 5000)
        #expect(consumer.settled.values.allSatisfy { $0 == "accept" })
        #expect(counters.handled.count == 5000)
        #expect(counters.received.count == 5000)
    }

    @Test(arguments: [false, true]) func itRestsWhenNothingIsLeftToWrite(ordered: Bool) async {
        let consumer = FakeConsumer(
            count: 20, failing: { call, _ in call < 30 ? BrokerError(.unavailable, "not now") : nil })
        let loop = loop(consumer, ordered: ordered, rest: .milliseconds(1)) { _ in [] }
        guard case .rested = await loop.run() else {
            Issue.record("it did not rest")
            return
        }
        #expect(loop.hasRested)
        #expect(consumer.settled.count == 20)
        #expect(consumer.held == 0)
    }

    @Test(arguments: [false, true]) func itDoesNotRestWhileSomethingIsBeingWritten(ordered: Bool) async throws {
        let (isWriting, gate) = (Observed(false), Observed(false))
        let consumer = FakeConsumer(
            count: 1, failing: { call, _ in call < 4 ? BrokerError(.unavailable, "not now") : nil },
            settling: { call in
                guard call == 2 else { return }
                isWriting.change { $0 = true }
                _ = await gate.first(within: .seconds(30)) { $0 }
            })
        let loop = loop(consumer, ordered: ordered, rest: .milliseconds(1)) { _ in [] }
        async let end = loop.run()
        _ = await isWriting.first(within: .seconds(30)) { $0 }
        let receives = consumer.receives
        try await eventually("further receives") { consumer.receives > receives + 3 || loop.hasRested }
        #expect(!loop.hasRested)
        gate.change { $0 = true }
        _ = await end
        #expect(loop.hasRested && consumer.settled.count == 1 && consumer.held == 0)
    }

    @Test func handlersThatSuspendRunAtOnceAsOftenAsThereAreWorkers() async throws {
        let consumer = FakeConsumer(count: 64)
        let inFlight = Lock((now: 0, most: 0))
        let loop = loop(consumer) { _ in
            inFlight.withLock { $0 = ($0.now + 1, max($0.most, $0.now + 1)) }
            try? await Task.sleep(for: .milliseconds(5))
            inFlight.withLock { $0.now -= 1 }
            return []
        }
        try await run(loop, until: "all settled") { consumer.settled.count == 64 }
        #expect(inFlight.withLock { $0.most } == 8)
    }

    /// Whoever works, waits or receives when it is stopped comes back.
    @Test(arguments: 1...8) func aLoopOfQuickHandlersStops(round: Int) async throws {
        let consumer = FakeConsumer(count: 100_000)
        let loop = loop(consumer) { _ in [] }
        try await run(loop, until: "some are settled") { consumer.settled.count > 500 * round }
        #expect(consumer.settled.count < 100_000)
    }

    @Test func whatIsHandledIsSettledWhileItsWorkerIsBusy() async throws {
        let consumer = FakeConsumer(count: 2)
        let gate = Recorder<Bool>()
        let loop = loop(consumer, workers: 1) {
            if $0.receipt.sequence == 1 {
                while gate.count == 0 { try? await Task.sleep(for: .milliseconds(1)) }
            }
            return []
        }
        try await run(loop, until: "the first is settled, then the second") {
            if consumer.settled.count == 1, gate.count == 0 { gate.add(true) }
            return consumer.settled.count == 2
        }
    }

    @Test func keysKeepTheirOrder() async throws {
        let consumer = FakeConsumer(count: 2000)
        let seen = Recorder<(String, UInt64)>()
        let loop = loop(consumer, ordered: true) {
            seen.add(($0.message.key ?? "", $0.receipt.sequence))
            if $0.receipt.sequence % 50 == 0 { try? await Task.sleep(for: .milliseconds(1)) }
            return []
        }
        try await run(loop, until: "all settled") { consumer.settled.count == 2000 }
        let byKey = Dictionary(grouping: seen.all, by: \.0)
        #expect(byKey.count == 7)
        for runs in byKey.values { #expect(runs.map(\.1) == runs.map(\.1).sorted()) }
    }

    @Test func aSettlementThatFailsIsRepeatedUntilItIsWritten() async throws {
        let consumer = FakeConsumer(count: 1000) { call, receipt in
            call % 3 == 1 && receipt.sequence % 5 == 0 ? BrokerError(.brokerFailure, "failing on purpose") : nil
        }
        let loop = loop(consumer) { _ in [] }
        try await run(loop, until: "all settled") { consumer.settled.count == 1000 }
        #expect(consumer.settled.values.allSatisfy { $0 == "accept" })
        #expect(counters.settleFailed.count > 0)
        #expect(counters.handled.count == 1000)
    }

    @Test func aSettlementThatFailsLateIsRepeatedThoughNothingElseHappens() async throws {
        let consumer = FakeConsumer(count: 1) { call, _ in
            call == 1 ? BrokerError(.brokerFailure, "failing on purpose") : nil
        } settling: { call in
            if call == 1 { try? await Task.sleep(for: SubscriberLoop.sweepInterval * 20) }
        }
        let loop = loop(consumer) { _ in [] }
        try await run(loop, until: "settled") { consumer.settled.count == 1 }
    }

    @Test func itIsDoneOnlyWhenWhatTheSweeperWritesIsWritten() async throws {
        let (written, isSettling, release) = (Signal(), Signal(), Signal())
        let consumer = FakeConsumer(
            count: 2,
            settling: { call in
                if call > 1 { return }
                isSettling.fire()
                await written.waitUncancelled()
            })
        let loop = loop(consumer, workers: 1, ordered: true) {
            if $0.receipt.sequence == 1 { await release.waitUncancelled() }
            return []
        }
        async let end = loop.run()
        #expect(await isSettling.wait(atMost: .seconds(10), on: SystemTime.shared))
        release.fire()
        try await eventually("the second is settled") { consumer.settled.count == 1 }
        await loop.stop()
        #expect(await !loop.done.wait(atMost: .milliseconds(100), on: SystemTime.shared))
        written.fire()
        _ = await end
        #expect(consumer.settled.count == 2)
    }

    @Test func afterAFailedRunTheNextOneWaitsAlsoWhereTheBrokerReturnsTheMessageAtOnce() async throws {
        let consumer = FakeConsumer(count: 1, returnsAtOnce: true)
        let runs = Recorder<(attempt: Int32, at: ContinuousClock.Instant)>()
        let loop = loop(consumer, retry: RetryPolicy(attempts: 3, backoff: .constant, delay: .milliseconds(40))) {
            if runs.add(($0.attempt, .now)) < 3 { throw Failing() }
            return []
        }
        try await run(loop, until: "accepted") { consumer.settled.count == 1 }
        #expect(runs.all.map(\.attempt) == [1, 2, 3])
        for (later, earlier) in zip(runs.all.dropFirst(), runs.all) {
            #expect(later.at - earlier.at >= .milliseconds(40))
        }
    }

    @Test func aSettlementThatFailsForGoodReleasesItsMessage() async throws {
        let consumer = FakeConsumer(count: 1) { call, _ in call == 1 ? BrokerError(.unsupported, "never") : nil }
        let loop = loop(consumer) { _ in [] }
        try await run(loop, until: "released") { consumer.settled.count == 1 }
        #expect(consumer.settled == [0: "release"])
    }

    @Test func emptyAnswersThatComeTooEarlyAreNoBusyLoop() async throws {
        let receives = Recorder<Bool>()
        let loop = loop(HastyConsumer(receives)) { _ in [] }
        async let end = loop.run()
        try await Task.sleep(for: .milliseconds(200))
        await loop.stop()
        _ = await end
        #expect(receives.count < 20, "\(receives.count) receives")
    }

    @Test func aConsumerThatHasEndedEndsTheLoopWithItsReason() async throws {
        let consumer = FakeConsumer(count: 10)
        let loop = loop(consumer) { _ in [] }
        async let end = loop.run()
        try await eventually("all settled") { consumer.settled.count == 10 }
        await consumer.stop()
        guard case .ended(let error) = await end else {
            Issue.record("it did not end")
            return
        }
        #expect(error.endReason == .stopped)
    }

    @Test func whatWasNotBegunWhenItStopsIsLeftAlone() async throws {
        let consumer = FakeConsumer(count: 100)
        let (gate, begun) = (Recorder<Bool>(), Recorder<Bool>())
        let loop = loop(consumer, workers: 4) { _ in
            begun.add(true)
            while gate.count == 0 { try? await Task.sleep(for: .milliseconds(1)) }
            return []
        }
        async let end = loop.run()
        try await eventually("busy") { begun.count == 4 }
        await loop.stop()
        gate.add(true)
        _ = await end
        #expect(consumer.settled.count == 4)
    }

    @Test func whatIsNotHeldAnyMoreIsNotBegun() async throws {
        let consumer = RevokingConsumer(FakeConsumer(count: 100))
        let seen = Recorder<UInt64>()
        let loop = loop(consumer, workers: 1) {
            if seen.add($0.receipt.sequence) == 1 { consumer.revoked.add(true) }
            return []
        }
        async let end = loop.run()
        try await eventually("all settled") { consumer.fake.settled.count == 100 }
        await loop.stop()
        _ = await end
        #expect(seen.count == 1)
        #expect(consumer.fake.settled.values.count { $0 == "release" } == 99)
    }

    @Test(arguments: [false, true]) func aLoopThatNeverWaitsLeavesTheThreadToItsNeighbour(ordered: Bool) async throws {
        let (busy, quiet) = (FakeConsumer(count: 5000), FakeConsumer(count: 1))
        let (handled, before) = (Recorder<Bool>(), Recorder<Int>())
        let first = loop(busy, workers: 1, ordered: ordered) { _ in
            handled.add(true)
            return []
        }
        let second = loop(quiet, workers: 1, ordered: ordered) { _ in
            before.add(handled.count)
            return []
        }
        try await withThrowingTaskGroup(of: Void.self) { group in
            let thread = OneThread()
            group.addTask(executorPreference: thread) {
                // Both are queued on the thread before either begins.
                async let one = first.run()
                async let other = second.run()
                _ = await (one, other)
            }
            try await eventually("both are done") { busy.settled.count == 5000 && quiet.settled.count == 1 }
            await first.stop()
            await second.stop()
            try await group.waitForAll()
        }
        #expect(try #require(before.all.first) <= 2 * SubscriberLoop.yieldInterval)
    }

    @Test(arguments: [false, true]) func aLoopOfSlowRunsLeavesTheThreadAfterEachBatch(ordered: Bool) async throws {
        let (busy, quiet) = (FakeConsumer(count: 600), FakeConsumer(count: 1))
        let (handled, before) = (Recorder<Bool>(), Recorder<Int>())
        let first = loop(busy, workers: 1, ordered: ordered) { _ in
            let end = ContinuousClock.now + .microseconds(200)
            while ContinuousClock.now < end {}
            handled.add(true)
            return []
        }
        let second = loop(quiet, workers: 1, ordered: ordered) { _ in
            before.add(handled.count)
            return []
        }
        try await withThrowingTaskGroup(of: Void.self) { group in
            let thread = OneThread()
            group.addTask(executorPreference: thread) {
                // Both are queued on the thread before either begins.
                async let one = first.run()
                async let other = second.run()
                _ = await (one, other)
            }
            try await eventually("both are done") { busy.settled.count == 600 && quiet.settled.count == 1 }
            await first.stop()
            await second.stop()
            try await group.waitForAll()
        }
        #expect(try #require(before.all.first) <= 2 * Reception.most)
    }

    /// `told`: whether the broker said so, or the hold was lost unseen.
    @Test(arguments: [false, true]) func whatNobodyHasHandledGoesBackWithItsLaneAndIsNotRun(told: Bool) async throws {
        let consumer = RevokingConsumer(FakeConsumer(count: 2))
        let handover = DeliveryHandover(counters: counters, time: SystemTime.shared)
        let runs = Recorder<MessageID>()
        let loop = loop(consumer, workers: 2, handover: handover) {
            try await handover.run($0)
            return []
        }
        async let end = loop.run()
        let first = try #require(try await handover.next())
        let second = try #require(try await handover.next())
        consumer.revoked.add(true)
        if told {
            loop.revoke()
            try await eventually("both are back") { consumer.fake.settled.count == 2 }
        }
        for delivery in [first, second] {
            #expect(try await delivery.handle { runs.add($0.message.id) } == .skipped)
        }
        try await eventually("both are back") { consumer.fake.settled.count == 2 }
        #expect(consumer.fake.settled.values.allSatisfy { $0 == "release" })
        #expect(runs.count == 0)
        await loop.stop()
        _ = await end
    }

    @Test(arguments: [false, true]) func revokedLanesGoBackWhileTheirWorkersAreBusy(ordered: Bool) async throws {
        let consumer = RevokingConsumer(FakeConsumer(count: 10))
        let gate = Recorder<Bool>()
        let loop = loop(consumer, workers: 1, ordered: ordered) { _ in
            while gate.count == 0 { try? await Task.sleep(for: .milliseconds(1)) }
            return []
        }
        async let end = loop.run()
        try await eventually("busy") { counters.received.count > 0 }
        let begun = consumer.fake.held
        consumer.revoked.add(true)
        loop.revoke()
        try await eventually("the rest went back") { consumer.fake.settled.count == max(0, begun - 1) }
        gate.add(true)
        await loop.stop()
        _ = await end
    }
}

/// A pool of one thread: what is ready runs in its order, and only when what runs waits or yields.
private final class OneThread: TaskExecutor {
    private let queue = DispatchQueue(label: "one thread")
    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        queue.async { job.runSynchronously(on: self.asUnownedTaskExecutor()) }
    }
}

/// Answers every receive at once, with nothing.
private final class HastyConsumer: MessageConsumer {
    private let receives: Recorder<Bool>
    private let ended = Recorder<Bool>()
    init(_ receives: Recorder<Bool>) { self.receives = receives }
    func receive(upTo limit: Int, within wait: Duration) async throws(BrokerError) -> [Delivery] {
        if ended.count > 0 { throw .ended(.stopped, "stopped") }
        receives.add(true)
        return []
    }
    func holds(_ receipt: Receipt) -> Bool { false }
    func settle(_ settlements: [ReceiptSettlement]) async -> [SettlementOutcome] { settlements.map { _ in .stale } }
    func settle(_ receipt: Receipt, as settlement: Settlement) async -> SettlementOutcome { .stale }
    func stop() async { ended.add(true) }
    func cancel() async {}
}

/// Holds nothing any more once a test says so; what is settled then is still written.
private final class RevokingConsumer: ConsumerDecorator {
    let fake: FakeConsumer
    let revoked = Recorder<Bool>()
    var base: any MessageConsumer { fake }
    init(_ fake: FakeConsumer) { self.fake = fake }
    func holds(_ receipt: Receipt) -> Bool { revoked.count == 0 && fake.holds(receipt) }
}
