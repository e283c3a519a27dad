import Foundation
import Testing

/// The line that shows how far the demonstration is, on a terminal: only there, and nothing of it stays.
@Suite(.timeLimit(.minutes(2))) struct DemoProgressTests {
    /// Runs it on a terminal until the line is there.
    private func start(_ arguments: String...) async throws -> (HubProcess, Terminal) {
        let terminal = try Terminal()
        let process = try HubProcess(["demo", "--json"] + arguments, terminal: terminal)
        try await condition { terminal.screen(width: 200).contains { $0.hasPrefix("sent ") && $0.hasSuffix("/s") } }
        return (process, terminal)
    }

    @Test func theLineIsReplacedInPlaceAndGoneAtTheEnd() async throws {
        let (process, terminal) = try await start("--count", "20000")
        let result = try await process.end()
        try await terminal.end()
        #expect(result.status == 0)
        #expect(result.output.split(separator: "\n").count == 3 && !result.output.contains("\u{1B}"))
        #expect(terminal.text.components(separatedBy: "\r").count > 2)
        for width in [200, 20] { #expect(terminal.screen(width: width) == [], "\(terminal.text.debugDescription)") }
    }

    @Test func aTerminalThatCannotShowsNoLine() async throws {
        let terminal = try Terminal()
        let process = try HubProcess(["demo", "--json", "--count", "100"], terminal: terminal, type: "dumb")
        #expect(try await process.end().status == 0)
        try await terminal.end()
        #expect(terminal.text == "")
    }

    #if os(Linux)
        @Test(arguments: [(SIGINT, Int32(130)), (SIGTERM, Int32(143))])
        func askedToEndItTakesTheLineAway(signal: Int32, status: Int32) async throws {
            let (process, terminal) = try await start("--count", "100000000")
            process.send(signal)
            #expect(try await process.end().status == status)
            try await terminal.end()
            #expect(terminal.screen(width: 80) == [], "\(terminal.text.debugDescription)")
        }

        @Test func theSecondTimeItEndsAtOnceAndTakesTheLineAwayToo() async throws {
            let yaml = """
                brokers: { main: { type: inmemory } }
                routes:
                  tasks: { topic: demo.tasks, kind: queue, broker: main, retry: { delay: 1h, max-delay: 1h } }
                  events: { topic: demo.events, kind: stream, broker: main, groups: { a: {} } }
                  live: { topic: demo.live, kind: pubsub, broker: main }
                shutdown: { grace: 1h }
                """
            let (process, terminal) = try await start(
                "--config", try HubProcess.file("slow.yaml", lines: [yaml]), "--count", "100", "--fail-rate", "1")
            try await condition { terminal.text.contains("sent 300") }
            try await condition {
                if !process.isOver { process.send(SIGINT) }
                return process.isOver
            }
            let result = try await process.end()
            #expect(result.status == 130 && result.output == "")
            try await terminal.end()
            #expect(terminal.screen(width: 80) == [], "\(terminal.text.debugDescription)")
        }
    #endif
}
