import Messaging
import Testing

@Suite struct TimestampTests {
    @Test(
        "RFC 3339 in UTC",
        arguments: [
            (0, "1970-01-01T00:00:00.000Z"), (-1, "1969-12-31T23:59:59.999Z"),
            (951_782_400_000, "2000-02-29T00:00:00.000Z"),
            (1_795_273_445_678, "2026-11-21T15:04:05.678Z"), (-2_203_891_200_000, "1900-03-01T00:00:00.000Z"),
            (4_107_542_399_999, "2100-02-28T23:59:59.999Z"), (4_107_542_400_000, "2100-03-01T00:00:00.000Z"),
            (-86_400_000, "1969-12-31T00:00:00.000Z"),
        ] as [(Int64, String)])
    func text(milliseconds: Int64, text: String) {
        #expect(Timestamp(milliseconds: milliseconds).description == text)
    }

    @Test func theEndsOfTimeHaveText() {
        #expect(Timestamp(nanoseconds: .min).description == "1677-09-21T00:12:43.145Z")
        #expect(Timestamp(nanoseconds: .max).description == "2262-04-11T23:47:16.854Z")
    }

    @Test func millisecondsAreRoundedDown() {
        #expect(Timestamp(nanoseconds: 1_999_999).milliseconds == 1)
        #expect(Timestamp(nanoseconds: -1).milliseconds == -1)
        #expect(Timestamp(nanoseconds: -1_000_000).milliseconds == -1)
        #expect(Timestamp(nanoseconds: .min).milliseconds == -9_223_372_036_855)
        #expect(Timestamp(milliseconds: 5).nanoseconds == 5_000_000)
    }

    @Test func arithmeticSaturates() {
        #expect(Timestamp(milliseconds: .max).nanoseconds == .max)
        #expect(Timestamp(milliseconds: .min).nanoseconds == .min)
        let (early, late) = (Timestamp(nanoseconds: .min), Timestamp(nanoseconds: .max))
        #expect(late + .nanoseconds(1) == late)
        #expect(early + .nanoseconds(-1) == early)
        #expect(early - .nanoseconds(1) == early)
        #expect(late - .nanoseconds(-1) == late)
        #expect(late - early == .nanoseconds(Int64.max))
        #expect(early - late == .nanoseconds(Int64.min))
        #expect(Timestamp(nanoseconds: 0) + .seconds(Int64.max) == late)
        #expect(Timestamp(nanoseconds: 0) + .seconds(Int64.min) == early)
    }

    @Test func durationsSaturateInNanoseconds() {
        #expect(Duration.seconds(Int64.max).nanoseconds == .max)
        #expect((Duration.seconds(Int64.max) + .seconds(Int64.max)).nanoseconds == .max)
        #expect((Duration.seconds(Int64.min) + .seconds(Int64.min)).nanoseconds == .min)
        #expect(Duration.nanoseconds(Int64.min + 1).nanoseconds == .min + 1)
        #expect(Duration.nanoseconds(Int64.max - 1).nanoseconds == .max - 1)
        #expect(Duration.milliseconds(-1500).nanoseconds == -1_500_000_000)
    }

    @Test func momentsAreOrdered() {
        #expect(Timestamp(milliseconds: 1) < Timestamp(milliseconds: 2))
        #expect(Timestamp(milliseconds: 1) + .seconds(1) == Timestamp(milliseconds: 1001))
        #expect(Timestamp(milliseconds: 1001) - .seconds(1) == Timestamp(milliseconds: 1))
        #expect(Timestamp(milliseconds: 3) - Timestamp(milliseconds: 1) == .milliseconds(2))
        #expect(Timestamp.now > Timestamp(milliseconds: 1_700_000_000_000))
    }
}
