import Messaging
import MessagingTesting
import Testing

@Suite("A value that is waited on") struct ObservedTests {
    @Test func aConditionThatHoldsAlreadyIsNotWaitedFor() async {
        let value = Observed(3, on: VirtualTime())
        #expect(await value.first(within: .zero) { $0 == 3 } == 3)
    }

    @Test func aChangeWakesThoseWhoseConditionItMeets() async {
        let value = Observed(0, on: VirtualTime())
        async let two = value.first(within: .seconds(1)) { $0 >= 2 }
        async let four = value.first(within: .seconds(1)) { $0 >= 4 }
        for _ in 0..<4 { value.change { $0 += 1 } }
        let (second, fourth) = await (two, four)
        #expect(second ?? 0 >= 2)
        #expect(fourth == 4)
    }

    @Test func aWaitEndsWithItsLimitOnTheGivenClock() async {
        let time = VirtualTime()
        let value = Observed(0, on: time)
        async let waited = value.first(within: .seconds(5)) { $0 == 1 }
        #expect(await time.waits(forAlarms: 1, within: .seconds(10)))
        time.advance(by: .seconds(5))
        #expect(await waited == nil)
    }

    @Test func aCancelledWaitEnds() async {
        let value = Observed(0, on: VirtualTime())
        let waiting = Task { await value.first(within: .seconds(5)) { $0 == 1 } }
        waiting.cancel()
        #expect(await waiting.value == nil)
    }
}
