import Messaging
import Testing

@Suite(.timeLimit(.minutes(1))) struct SystemTimeTests {
    private let time = SystemTime.shared

    @Test func alarmsRingInOrder() async {
        let rung = Ring()
        let start = time.uptime
        for milliseconds in [60, 20, 40, -10] {
            _ = time.alarm(at: start + .milliseconds(milliseconds)) { rung.add(milliseconds) }
        }
        await rung.wait(for: 4)
        #expect(rung.numbers.withLock { $0 } == [-10, 20, 40, 60])
        #expect(time.uptime - start >= .milliseconds(60))
    }

    @Test func alarmsNeverRingEarly() async {
        let rung = Ring()
        let time = time
        for step in 0..<50 {
            let moment = time.uptime + .microseconds(200 * step)
            _ = time.alarm(at: moment) { rung.add(time.uptime >= moment ? 0 : 1) }
        }
        await rung.wait(for: 50)
        #expect(rung.numbers.withLock { $0.allSatisfy { $0 == 0 } })
    }

    @Test func theCoarseClockGoesAsTheOtherDoes() async throws {
        let (earliest, mark, latest) = (time.uptime, time.coarseUptime, time.uptime)
        try await time.sleep(for: .milliseconds(50))
        let (first, taken, last) = (time.uptime, time.coarseUptime - mark, time.uptime)
        #expect(taken >= first - latest - .milliseconds(10))
        #expect(taken <= last - earliest + .milliseconds(10))
    }

    @Test func silencedAlarmsDoNotRing() async {
        let rung = Ring()
        let soon = time.uptime + .milliseconds(20)
        let silenced = time.alarm(at: soon) { rung.add(1) }
        _ = time.alarm(at: soon + .milliseconds(20)) { rung.add(2) }
        time.silence(silenced)
        await rung.wait(for: 1)
        #expect(rung.numbers.withLock { $0 } == [2])
        time.silence(silenced)
    }

    @Test func anAlarmSetByAnAlarmRings() async {
        let rung = Ring()
        let time = time
        _ = time.alarm(at: time.uptime) { _ = time.alarm(at: time.uptime - .seconds(1)) { rung.add(1) } }
        await rung.wait(for: 1)
    }

    @Test(arguments: [Duration.seconds(Int64.max), .seconds(Int64.max) + .seconds(Int64.max), .nanoseconds(Int64.max)])
    func momentsCenturiesAwayDoNotTrap(moment: Duration) async {
        let rung = Ring()
        let far = time.alarm(at: moment) { rung.add(1) }
        // After each of these the clock has to sleep for the far one, unless another test's alarm comes first.
        for round in 1...20 {
            _ = time.alarm(at: time.uptime + .milliseconds(5)) { rung.add(2) }
            await rung.wait(for: round)
        }
        #expect(rung.numbers.withLock { $0.allSatisfy { $0 == 2 } })
        time.silence(far)
    }

    @Test func sleepingTakesAtLeastItsTime() async throws {
        let start = time.uptime
        try await time.sleep(for: .milliseconds(10))
        #expect(time.uptime - start >= .milliseconds(10))
        #expect(time.now > Timestamp(milliseconds: 1_700_000_000_000))
    }

    /// Takes numbers, and wakes who waits for so many.
    private final class Ring: Sendable {
        let numbers = Lock([Int]())

        func add(_ number: Int) { numbers.withLock { $0.append(number) } }

        func wait(for count: Int) async {
            while numbers.withLock({ $0.count < count }) { try? await Task.sleep(for: .milliseconds(1)) }
        }
    }
}
