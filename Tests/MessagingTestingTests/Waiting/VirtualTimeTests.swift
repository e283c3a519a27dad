import Messaging
import MessagingTesting
import Testing

@Suite("A clock that moves when a test says so") struct VirtualTimeTests {
    @Test func alarmsRingAtTheirMomentInTheirOrder() {
        let (time, rung) = (VirtualTime(), Observed<[Duration]>([]))
        for seconds in [3, 1, 2] {
            _ = time.alarm(at: .seconds(seconds)) { rung.change { $0.append(time.uptime) } }
        }
        time.advance(by: .milliseconds(2500))
        #expect(rung.value == [.seconds(1), .seconds(2)])
        #expect(time.uptime == .milliseconds(2500))
        #expect(time.now == VirtualTime.beginning + .milliseconds(2500))
        #expect(time.nextAlarm == .seconds(3))
    }

    @Test func anAlarmSetByAnAlarmRingsInTheSameMove() {
        let (time, rung) = (VirtualTime(), Observed(0))
        _ = time.alarm(at: .seconds(1)) {
            rung.change { $0 += 1 }
            _ = time.alarm(at: .seconds(2)) { rung.change { $0 += 1 } }
        }
        time.advance(by: .seconds(2))
        #expect(rung.value == 2)
    }

    @Test func aSilencedAlarmDoesNotRing() {
        let (time, rung) = (VirtualTime(), Observed(0))
        time.silence(time.alarm(at: .seconds(1)) { rung.change { $0 += 1 } })
        time.advance(by: .seconds(2))
        #expect(rung.value == 0)
        #expect(time.nextAlarm == nil)
    }

    @Test func aSleeperIsWaitedForBeforeTheClockIsMoved() async throws {
        let time = VirtualTime()
        async let slept: Void = time.sleep(for: .seconds(3600))
        #expect(await time.waits(forAlarms: 1, within: .seconds(10)))
        time.advance(by: .seconds(3600))
        try await slept
        #expect(time.alarmCount == 1)
    }

    @Test func theAlarmOfADelayIsWaitedFor() async throws {
        let time = VirtualTime()
        _ = time.alarm(at: .seconds(60)) {}
        #expect(await !time.waits(forAlarmBy: .seconds(59), within: .milliseconds(10)))
        async let slept: Void = time.sleep(for: .seconds(5))
        #expect(await time.waits(forAlarmBy: .seconds(5), within: .seconds(10)))
        time.advance(by: .seconds(5))
        try await slept
    }
}
