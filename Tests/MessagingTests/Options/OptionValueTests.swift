import Messaging
import Testing

@Suite struct OptionValueTests {
    @Test(
        arguments: [
            ("500ms", .milliseconds(500)), ("2s", .seconds(2)), ("168h", .seconds(604_800)), ("1m30s", .seconds(90)),
            ("7d", .seconds(604_800)), ("10us", .microseconds(10)), ("10µs", .microseconds(10)),
            ("1ns", .nanoseconds(1)),
            ("0s", .zero), ("1h1m1s1ms", .milliseconds(3_661_001)), ("9223372036854775807ns", .nanoseconds(Int64.max)),
        ] as [(String, Duration)])
    func durations(text: String, duration: Duration) throws {
        #expect(Duration(optionText: text) == duration)
        #expect(Duration(optionText: duration.optionText) == duration)
    }

    @Test(arguments: [
        "", "5", "s", "-5s", "+5s", "5 s", " 5s", "5s ", "5sec", "1.5s", "1s-1s", "5S", "1e3s", "٥s", "1m30",
        "9223372036854775808ns", "9223372036s9223372036s", "292000000d", "99999999999999999999s", "1s,2s",
    ])
    func badDurations(text: String) {
        #expect(Duration(optionText: text) == nil)
    }

    @Test(arguments: [
        (Duration.zero, "0s"), (.seconds(90), "90s"), (.seconds(7200), "2h"), (.milliseconds(1500), "1500ms"),
        (.seconds(172_800), "48h"),
    ])
    func durationsAreWrittenInTheLargestWholeUnit(duration: Duration, text: String) {
        #expect(duration.optionText == text)
    }

    @Test(arguments: [
        ("10MB", 10_000_000), ("1GiB", 1 << 30), ("64KiB", 65_536), ("5", 5), ("5B", 5), ("1kB", 1000), ("1KB", 1000),
        ("0", 0), ("2TB", 2_000_000_000_000), ("1TiB", 1 << 40), ("3MiB", 3 << 20), ("4GB", 4_000_000_000),
    ])
    func sizes(text: String, bytes: Int) {
        #expect(ByteCount(optionText: text) == ByteCount(bytes))
        #expect(ByteCount(optionText: ByteCount(bytes).optionText) == ByteCount(bytes))
    }

    @Test(arguments: [
        "", "MB", "-1", "-1MB", "1 MB", "1.5MB", "10MB5", "1MB1KB", "1mb", "9223372036854775808", "9999999TiB", "0x10",
    ])
    func badSizes(text: String) {
        #expect(ByteCount(optionText: text) == nil)
    }

    @Test func sizesAreWrittenInTheLargestWholeUnit() {
        #expect(ByteCount(1 << 20).optionText == "1MiB")
        #expect((1000 as ByteCount).optionText == "1000B")
        #expect((0 as ByteCount).optionText == "0B")
        #expect(ByteCount(1) < ByteCount(2))
    }

    @Test func numbers() {
        #expect(Int(optionText: "1_000") == 1000)
        #expect(Int(optionText: "-5") == -5)
        for text in ["", "_1", "1_", "1.0", "ten", "99999999999999999999", "1 ", "_"] {
            #expect(Int(optionText: text) == nil, "\(text)")
        }
        #expect(Double(optionText: "0.5") == 0.5)
        for text in ["", "nan", "inf", "1e999", "half", "0x1p-3", "0X1", "-0x1p1", "infinity", "1_0", "e", "+"] {
            #expect(Double(optionText: text) == nil, "\(text)")
        }
        #expect(Bool(optionText: "true") == true)
        for text in ["yes", "True", "1", ""] { #expect(Bool(optionText: text) == nil, "\(text)") }
    }

    @Test func listsOptionalsAndWords() {
        #expect([String](optionText: "a,b") == ["a", "b"])
        #expect([String](optionText: "") == [])
        #expect(["a", "b"].optionText == "a,b")
        #expect(Int?(optionText: "5") == .some(.some(5)))
        #expect(Int?(optionText: "x") == nil)
        #expect((nil as Int?).optionText == "")
        #expect((5 as Int?).optionText == "5")
        #expect(Int?.typeDescription == "integer")
        #expect(Mode(optionText: "fast") == .fast)
        #expect(Mode(optionText: "Fast") == nil)
        #expect(Mode.typeDescription == "one of fast, slow")
        #expect(Mode.slow.optionText == "slow")
        #expect(String(optionText: "any text") == "any text")
    }

    private enum Mode: String, CaseIterable, OptionValue { case fast, slow }
}
