import Foundation
import Testing

/// Where the events may come from: files, pipes, and pipes that nobody writes to.
@Suite(.timeLimit(.minutes(2))) struct DemoInputTests {
    private func sent(_ output: String) -> [Int] {
        output.split(separator: "\n").compactMap {
            let object = try? JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any]
            return object?["sent"] as? Int
        }
    }

    @Test(arguments: [
        #"cat EVENTS > PIPE & exec "$0" demo --json --input PIPE"#,
        #"exec "$0" demo --json --input <(cat EVENTS)"#,
        #"cat EVENTS | "$0" demo --json --input /dev/stdin"#,
        #"(head -n 7 EVENTS; sleep 0.2; tail -n +8 EVENTS) | "$0" demo --json --input /dev/stdin"#,
        #"exec "$0" demo --json --input /dev/stdin < EVENTS"#,
    ]) func pipesAreRead(script: String) async throws {
        let events = try HubProcess.file("events.ndjson", lines: (0..<300).map { HubProcess.event("\($0)") })
        let script = script.replacing("EVENTS", with: events).replacing("PIPE", with: try HubProcess.pipe())
        let result = try await HubProcess(shell: script).end()
        #expect(result.status == 0 && result.errors == "")
        #expect(sent(result.output) == [300, 300, 300])
    }

    @Test func aPipeIsNotSentTwiceAndWhatWasSentIsAccountedFor() async throws {
        let events = try HubProcess.file("few.ndjson", lines: (0..<300).map { HubProcess.event("\($0)") })
        let script = #"exec "$0" demo --json --count 500 --input <(cat EVENTS)"#.replacing("EVENTS", with: events)
        let result = try await HubProcess(shell: script).end()
        #expect(result.status == 1)
        #expect(result.errors.contains("is a pipe, and cannot be sent again and again; leave out --count"))
        #expect(sent(result.output) == [300, 300, 300])
    }

    @Test(arguments: [
        ("", "--input is empty; name a file"), ("-", "standard input is /dev/stdin"), ("/", "is a directory"),
        ("/nowhere", "does not exist"), ("Package.swift/x", "does not exist"),
    ]) func whatIsNoFileIsNamedWithTheRemedy(input: String, why: String) async throws {
        let result = try await HubProcess.run("demo", "--json", "--input", input)
        #expect(result.status == 1 && result.output == "")
        #expect(result.errors.contains(why) && result.errors.contains("--input"), "\(result.errors)")
    }

    @Test func anEmptyNameOfAConfigurationIsNotTheLackOfOne() async throws {
        let result = try await HubProcess.run("demo", "--config", "")
        #expect(result.status == 3 && result.output == "")
        #expect(result.errors == "hub demo: the name of the configuration is empty; name a file")
    }

    #if os(Linux)
        @Test func aPipeWithoutAWriterIsWaitedForUntilItIsInterrupted() async throws {
            let pipe = try HubProcess.pipe()
            let process = try HubProcess("demo", "--json", "--input", pipe)
            try await process.waitUntilItOpens(pipe)
            process.send(SIGINT)
            let result = try await process.end()
            #expect(result.status == 130 && result.errors == "")
            #expect(sent(result.output) == [0, 0, 0])
        }

        @Test func aWriterThatPausesInALineIsNotWaitedForEither() async throws {
            let pipe = try HubProcess.pipe()
            let process = try HubProcess("demo", "--json", "--input", pipe)
            try await process.waitUntilItOpens(pipe)
            let writer = try #require(FileHandle(forWritingAtPath: pipe))
            try writer.write(contentsOf: Data((HubProcess.event("a") + "\n" + #"{"id":"#).utf8))
            process.send(SIGTERM)
            let result = try await process.end()
            #expect(result.status == 143 && result.errors == "")
            try writer.close()
        }

        @Test func aSignalThatIsIgnoredFromTheStartStaysIgnored() async throws {
            let pipe = try HubProcess.pipe()
            let script = #"trap '' INT; exec "$0" demo --json --input PIPE"#.replacing("PIPE", with: pipe)
            let process = try HubProcess(shell: script)
            try await process.waitUntilItOpens(pipe)
            process.send(SIGINT)
            let writer = try #require(FileHandle(forWritingAtPath: pipe))
            try writer.write(contentsOf: Data((HubProcess.event("a") + "\n").utf8))
            try writer.close()
            let result = try await process.end()
            #expect(result.status == 0 && result.errors == "")
            #expect(sent(result.output) == [1, 1, 1])
        }
    #endif
}
