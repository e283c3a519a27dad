import Messaging
import MessagingTesting
import Testing

@Suite(.timeLimit(.minutes(1))) struct WaiterTests {
    private let time = VirtualTime()

    @Test func resolvedBeforeTheWait() async {
        let waiter = Waiter<Int>()
        #expect(waiter.resolve(1))
        #expect(!waiter.resolve(2))
        #expect(await waiter.wait(atMost: .zero, on: time).value == 1)
        #expect(!waiter.resolve(3))
    }

    @Test func resolvedDuringTheWait() async {
        let waiter = Waiter<Int>()
        async let outcome = waiter.wait(on: time)
        await Task.yield()
        waiter.resolve(1)
        #expect(await outcome.value == 1)
    }

    @Test func theDeadlineEndsTheWaitAndIsForgottenAfterIt() async {
        let waiter = Waiter<Int>()
        async let outcome = waiter.wait(atMost: .seconds(5), on: time)
        while time.nextAlarm == nil { await Task.yield() }
        #expect(time.nextAlarm == .seconds(5))
        time.advance(by: .milliseconds(4999))
        #expect(time.nextAlarm != nil)
        time.advance(by: .milliseconds(1))
        guard case .timedOut = await outcome else {
            Issue.record("not timed out")
            return
        }
        #expect(!waiter.resolve(1))

        let other = Waiter<Int>()
        other.resolve(1)
        _ = await other.wait(atMost: .seconds(5), on: time)
        #expect(time.nextAlarm == nil)
    }

    @Test func aMomentThatHasPassedMeanwhileEndsTheWaitAtOnce() async {
        let waiter = Waiter<Int>()
        time.advance(by: .seconds(6))
        guard case .timedOut = await waiter.wait(until: .seconds(5), on: time) else {
            Issue.record("not timed out")
            return
        }
        #expect(time.nextAlarm == nil)
    }

    @Test func cancelledBeforeTheWait() async {
        let waiter = Waiter<Int>()
        let cancelled = await withTaskGroup(of: Bool.self) { group in
            group.cancelAll()
            group.addTask { await waiter.wait(on: time).isCancelled }
            return await group.next() ?? false
        }
        #expect(cancelled)
        #expect(!waiter.resolve(1))
    }

    @Test func cancelledDuringTheWait() async {
        let waiter = Waiter<Int>()
        let cancelled = await withTaskGroup(of: Bool.self) { group in
            group.addTask { await waiter.wait(atMost: .seconds(1), on: time).isCancelled }
            while time.nextAlarm == nil { await Task.yield() }
            group.cancelAll()
            return await group.next() ?? false
        }
        #expect(cancelled)
        #expect(time.nextAlarm == nil)
    }

    @Test func anUncancelledWaitIsDeafToCancellation() async {
        let waiter = Waiter<Int>()
        let value = await withTaskGroup(of: Int?.self) { group in
            group.addTask { await waiter.waitUncancelled().value }
            group.cancelAll()
            for _ in 0..<100 { await Task.yield() }
            waiter.resolve(7)
            return await group.next() ?? nil
        }
        #expect(value == 7)
    }

    @Test func aSecondWaitEndsAtOnce() async {
        let waiter = Waiter<Int>()
        waiter.resolve(1)
        _ = await waiter.waitUncancelled()
        #expect(await waiter.wait(on: time).isCancelled)
    }

    /// Values, the deadline and the cancellation race in every order: exactly one of them has won, and the one that was
    /// told so is the one that the waiting task was told of.
    @Test(arguments: 0..<16 as Range<UInt64>) func exactlyOneOutcome(block: UInt64) async {
        for seed in block * 250..<(block + 1) * 250 { await race(seed: seed) }
    }

    private func race(seed: UInt64) async {
        let waiter = Waiter<Int>()
        let time = VirtualTime()
        var random = SeededGenerator(seed: seed)
        let spins = (0..<5).map { _ in Int.random(in: 0..<300, using: &random) }
        let (cancels, expires) = (Bool.random(using: &random), Bool.random(using: &random))
        var outcome = Waiter<Int>.Outcome.cancelled
        var winners: [Int] = []
        await withTaskGroup(of: Racer.self) { group in
            group.addTask {
                spin(spins[0])
                return .waiting(await waiter.wait(atMost: .seconds(1), on: time))
            }
            for value in 1...2 {
                group.addTask {
                    spin(spins[value])
                    return .resolving(waiter.resolve(value) ? value : nil)
                }
            }
            if expires {
                group.addTask {
                    spin(spins[3])
                    time.advance(by: .seconds(2))
                    return .resolving(nil)
                }
            }
            if cancels {
                spin(spins[4])
                group.cancelAll()
            }
            for await racer in group {
                switch racer {
                case .waiting(let end): outcome = end
                case .resolving(let value): winners += value.map { [$0] } ?? []
                }
            }
        }
        switch outcome {
        case .value(let value): #expect(winners == [value], "seed \(seed)")
        case .timedOut: #expect(winners.isEmpty && expires, "seed \(seed)")
        case .cancelled: #expect(winners.isEmpty && cancels, "seed \(seed)")
        }
    }

    private enum Racer: Sendable {
        case waiting(Waiter<Int>.Outcome)
        case resolving(Int?)
    }
}

/// Passes a little time without waiting.
private func spin(_ rounds: Int) {
    var generator = SeededGenerator(seed: 1)
    for _ in 0..<rounds { _ = generator.next() }
}

extension Waiter.Outcome {
    fileprivate var value: Value? { if case .value(let value) = self { value } else { nil } }
    fileprivate var isCancelled: Bool { if case .cancelled = self { true } else { false } }
}
