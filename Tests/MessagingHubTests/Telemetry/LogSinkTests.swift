import Foundation
import Messaging
import Testing

@testable import MessagingHub

@Suite struct LogSinkTests {
    private let record = LogRecord(
        .warning, "broker \"x\" down", [("error", "line 1\nline 2\u{1}"), ("n", "1"), ("empty", "")],
        at: Timestamp(milliseconds: 0))

    @Test func aTextLineIsOneLine() {
        let line = TextLogSink.line(of: record)
        let expected =
            #"1970-01-01T00:00:00.000Z warning broker "x" down error="line 1\nline 2\u0001" n=1 empty="""#
        #expect(line == expected)
    }

    @Test func aJSONLineIsOneObject() throws {
        let line = JSONLogSink.line(of: record)
        let object = try JSONDecoder().decode([String: String].self, from: Data(line.utf8))
        #expect(object["level"] == "warning")
        #expect(object["message"] == "broker \"x\" down")
        #expect(object["error"] == "line 1\nline 2\u{1}")
        #expect(object["time"] == "1970-01-01T00:00:00.000Z")
        #expect(!line.contains("\n"))
    }

    @Test func whoeverLogsNeverCallsTheSink() async {
        let collector = LogCollector()
        let log = BufferedLog(collector, level: .info)
        for number in 0..<100 { log.log(LogRecord(.info, "\(number)")) }
        #expect(collector.records.isEmpty)
        let end = Signal()
        end.fire()
        await log.drain(until: end)
        #expect(collector.records.map(\.message) == (0..<100).map { "\($0)" })
    }

    @Test func aDrainThatIsToldToEndEnds() async {
        for _ in 0..<200 {
            let log = BufferedLog(LogCollector(), level: .info)
            let end = Signal()
            async let drained: Void = log.drain(until: end)
            log.log(LogRecord(.info, "x"))
            end.fire()
            log.wake()
            await drained
        }
    }

    @Test func aFullQueueDropsAndSaysSo() async {
        let collector = LogCollector()
        let log = BufferedLog(collector, level: .info)
        for number in 0..<(BufferedLog.capacity + 10) { log.log(LogRecord(.info, "\(number)")) }
        log.log(LogRecord(.debug, "not taken"))
        let end = Signal()
        end.fire()
        await log.drain(until: end)
        #expect(collector.records.count == BufferedLog.capacity + 1)
        #expect(collector.records.last?["count"] == "10")
    }
}
