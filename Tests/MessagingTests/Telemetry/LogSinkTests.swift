import Messaging
import Testing

@Suite struct LogSinkTests {
    @Test func levelsAreOrderedWords() {
        #expect(LogRecord.Level.allCases.map(\.word) == ["trace", "debug", "info", "warning", "error"])
        #expect(LogRecord.Level.allCases == LogRecord.Level.allCases.sorted())
    }

    @Test func recordsKeepTheirParts() {
        let record = LogRecord(.warning, "circuit opened", [("broker", "main")], at: Timestamp(milliseconds: 5))
        #expect(record.level == .warning)
        #expect(record.message == "circuit opened")
        #expect(record.keys.map(\.name) == ["broker"])
        #expect(record.keys.map(\.value) == ["main"])
        #expect(record.time == Timestamp(milliseconds: 5))
        NoLog().log(record)
    }
}
