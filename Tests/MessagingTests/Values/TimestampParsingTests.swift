import Messaging
import Testing

@Suite struct TimestampParsingTests {
    @Test(
        "Times of RFC 3339 are read",
        arguments: [
            ("1970-01-01T00:00:00Z", Int64(0)), ("1970-01-01T00:00:00.000000001Z", 1),
            ("1969-12-31T23:59:59Z", -1_000_000_000),
            ("2000-02-29T12:00:00+12:00", 951_782_400_000_000_000),
            ("2026-11-21t15:04:05.678z", 1_795_273_445_678_000_000),
            ("2026-11-21 15:04:05.6789999999-00:30", 1_795_275_245_678_999_999),
        ])
    func reads(_ text: String, _ nanoseconds: Int64) { #expect(Timestamp(text)?.nanoseconds == nanoseconds) }

    @Test("What is written is read again")
    func roundTrip() {
        for milliseconds in stride(from: Int64(-9_000_000_000_000), through: 9_000_000_000_000, by: 86_399_123_457) {
            let time = Timestamp(milliseconds: milliseconds)
            #expect(Timestamp(time.description) == time)
        }
    }

    @Test(
        "Anything else is refused",
        arguments: [
            "", "now", "2026-11-21", "2026-11-21T15:04:05", "2026-13-01T00:00:00Z", "2026-00-01T00:00:00Z",
            "2026-02-29T00:00:00Z", "1900-02-29T00:00:00Z", "2026-11-21T24:00:00Z", "2026-11-21T15:60:05Z",
            "2026-11-21T15:04:05.Z", "2026-11-21T15:04:05Z ", "2026-11-21T15:04:05+1:00", "9999-12-31T23:59:59Z",
            "0000-01-01T00:00:00Z", "２026-11-21T15:04:05Z",
        ])
    func refuses(_ text: String) { #expect(Timestamp(text) == nil) }
}
