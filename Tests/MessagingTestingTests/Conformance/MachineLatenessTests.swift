import Messaging
import Testing

@testable import MessagingTesting

@Suite(.timeLimit(.minutes(1))) struct MachineLatenessTests {
    @Test(
        "a wait that is late counts as far as the processors were busy",
        arguments: [(300, 600, 300), (300, 100, 120), (300, 0, 20), (300, nil, 300), (21, 0, 20)] as [(Int, Int?, Int)])
    func lateness(_ late: Int, _ busy: Int?, _ counted: Int) async {
        let clock = LateClock(by: .milliseconds(late))
        let isDone = Observed(false, on: clock)
        let asked = Observed(0)
        let waits = await MachineLateness(on: clock) {
            // Once before the first wait, once after it, and then it is done.
            let count = asked.change { count in
                count += 1
                return count
            }
            if count > 1 { isDone.change { $0 = true } }
            return busy.map { .milliseconds(count > 1 ? 7 + $0 : 7) }
        }.until(isDone)
        #expect(waits.all.map(\.late).max() == .milliseconds(counted))
    }

    @Test func whatIsLateIsAddedUpWhereItWas() {
        var waits = LateWaits(slightest: .milliseconds(3))
        for (began, late) in [(100, 30), (200, 40), (300, 50)] {
            let (start, end) = (Duration.milliseconds(began), Duration.milliseconds(began + late + 5))
            waits.all.append(.init(began: start, end: end, late: .milliseconds(late)))
        }
        #expect(waits.total == .milliseconds(120))
        #expect(waits.between(.milliseconds(210), .milliseconds(310)) == .milliseconds(90))
        #expect(waits.between(.milliseconds(140), .milliseconds(150)) == .milliseconds(3))
    }

    @Test func theKernelsLineIsReadWithoutIdleAndWaitingForDisks() {
        #expect(ProcessUse.busyTicks("cpu  1 2 4 8000 16000 32 64 128 256 512\ncpu0 1") == 231)
        #expect(ProcessUse.busyTicks("cpu0 1 2 4 8") == nil)
        #expect(ProcessUse.busyTicks("") == nil)
    }

    #if os(Linux)
        @Test func thisMachineTellsHowBusyItIs() throws {
            #expect(try #require(ProcessUse.machineBusy()) > .zero)
        }
    #endif
}

/// A clock whose alarms all ring late, and at once.
private final class LateClock: TimeSource {
    private let lateness: Duration
    private let moment = Observed(Duration.zero)

    init(by lateness: Duration) { self.lateness = lateness }

    var now: Timestamp { .now }
    var uptime: Duration { moment.value }

    func alarm(at uptime: Duration, _ action: @escaping @Sendable () -> Void) -> Alarm {
        moment.change { $0 = max($0, uptime + lateness) }
        action()
        // There is nothing to silence.
        return SystemTime.shared.alarm(at: .zero) {}
    }

    func silence(_ alarm: Alarm) {}
}
