import Foundation
import Testing

/// Runs the command as a user does: its own process, its own streams, its exit status.
@Suite(.timeLimit(.minutes(5))) struct DemoCommandTests {
    private struct Row: Decodable {
        let destination, kind: String
        let groups, sent, handled, deadLettered, filtered, lost, duplicated, p50us, p99us: Int
        var isBalanced: Bool { handled + deadLettered + filtered == sent * groups && lost == 0 && duplicated == 0 }
    }

    private func rows(_ output: String) throws -> [Row] {
        try output.split(separator: "\n").map { try JSONDecoder().decode(Row.self, from: Data($0.utf8)) }
    }

    @Test func everyEventIsAccountedFor() async throws {
        let result = try await HubProcess.run("demo", "--json")
        #expect(result.status == 0)
        #expect(result.errors == "")
        let rows = try rows(result.output)
        #expect(rows.map(\.destination) == ["demo.tasks", "demo.events", "demo.live"])
        #expect(rows.map(\.kind) == ["queue", "stream", "pubsub"])
        #expect(rows.map(\.groups) == [1, 2, 1])
        for row in rows {
            #expect(row.sent == 14_012)
            #expect(row.isBalanced, "\(row)")
            #expect(row.p50us > 0 && row.p99us >= row.p50us)
        }
        #expect(rows[0].deadLettered > 50)
        #expect(rows[1].deadLettered == 0 && rows[2].deadLettered == 0)
    }

    @Test func theSameSeedFailsTheSameEvents() async throws {
        var counts: [Int] = []
        for seed in ["7", "7", "8"] {
            let result = try await HubProcess.run(
                "demo", "--json", "--count", "2000", "--seed", seed, "--fail-rate", "0.5")
            counts.append(try rows(result.output)[0].deadLettered)
        }
        #expect(counts[0] == counts[1])
        #expect(counts[0] != counts[2])
        let none = try await HubProcess.run("demo", "--json", "--count", "500", "--fail-rate", "0")
        #expect(try rows(none.output)[0].deadLettered == 0)
    }

    @Test func moreEventsThanTheFileHasBeginAgain() async throws {
        let file = try HubProcess.file("three.ndjson", lines: (0..<3).map { HubProcess.event("\($0)") })
        let result = try await HubProcess.run("demo", "--json", "--input", file, "--count", "1000")
        #expect(result.status == 0)
        #expect(try rows(result.output).allSatisfy { $0.sent == 1000 && $0.isBalanced })
    }

    @Test(arguments: ["stop", "skip"]) func aBrokenLineIsNamedByItsNumber(mode: String) async throws {
        var lines = (0..<5100).map { HubProcess.event("\($0)") }
        lines[4999] = #"{"id": "x", "author": 7}"#
        let file = try HubProcess.file("broken-\(mode).ndjson", lines: lines)
        let result = try await HubProcess.run("demo", "--json", "--input", file, "--on-bad-line", mode)
        #expect(result.errors.contains("\(file):5000: "))
        #expect(result.status == (mode == "stop" ? 1 : 0))
        #expect(try rows(result.output).allSatisfy { $0.sent == (mode == "stop" ? 4999 : 5099) && $0.isBalanced })
    }

    @Test func whatABrokerRefusesEndsTheSendingAndTheRestIsAccountedFor() async throws {
        let text = try String(contentsOfFile: "configs/development.yaml", encoding: .utf8)
            .replacingOccurrences(of: "type: inmemory\n", with: "type: inmemory\n    max-body: 200B\n")
        let config = try HubProcess.file("small.yaml", lines: text.components(separatedBy: "\n"))
        let long = HubProcess.event(String(repeating: "x", count: 300))
        let file = try HubProcess.file("long.ndjson", lines: (0..<50).map { HubProcess.event("\($0)") } + [long])
        let result = try await HubProcess.run("demo", "--json", "--config", config, "--input", file)
        #expect(result.status == 1)
        #expect(result.errors.contains("sending to queue demo.tasks was refused: "))
        #expect(result.errors.contains("over the limit of 200"))
        #expect(try rows(result.output).first.map { $0.sent == 50 && $0.isBalanced } == true)
    }

    @Test func brokenLinesAreNamedOnceAndTheirNumberIsBounded() async throws {
        let lines = [HubProcess.event("a")] + [String](repeating: "{", count: 101)
        let file = try HubProcess.file("many-broken.ndjson", lines: lines)
        let result = try await HubProcess.run(
            "demo", "--json", "--input", file, "--on-bad-line", "skip", "--count", "3")
        #expect(result.status == 0)
        let named = result.errors.split(separator: "\n").filter { $0.contains(file) }
        #expect(named.count == 100)
        #expect(result.errors.contains("1 more lines"))
        #expect(try rows(result.output).allSatisfy { $0.sent == 3 && $0.isBalanced })
    }

    @Test func aFileWithoutEventsIsAFailureAlsoWhereBadLinesAreSkipped() async throws {
        let file = try HubProcess.file("all-broken.ndjson", lines: ["{", "[]"])
        let result = try await HubProcess.run("demo", "--json", "--input", file, "--on-bad-line", "skip")
        #expect(result.status == 1)
        #expect(result.errors.contains("\(file):2: "))
        #expect(result.errors.contains("\(file) has no events"))
    }

    @Test func theTextHasTheAccountAndTheLatencies() async throws {
        let result = try await HubProcess.run("demo", "--count", "500")
        #expect(result.status == 0)
        for part in ["demo.tasks", "analytics", "audit", "dead-lettered", "p50", "p99", "###", "0 lost, 0 duplicated"] {
            #expect(result.output.contains(part), "\(part) is missing")
        }
        #expect(!result.output.contains("\u{1B}"))
        #expect(result.errors == "")
    }

    @Test func aConfigurationSwapsTheBrokers() async throws {
        let yaml = """
            version: 1
            brokers: { left: { type: inmemory }, right: { type: inmemory } }
            routes:
              tasks: { topic: demo.tasks, kind: queue, broker: left, retry: { attempts: 1 } }
              events: { topic: demo.events, kind: stream, broker: right, groups: { a: {}, b: {}, c: {} } }
              live: { topic: demo.live, kind: pubsub, broker: left }
            """
        let file = try HubProcess.file("swap.yaml", lines: [yaml])
        let result = try await HubProcess.run(
            "demo", "--json", "--config", file, "--count", "1000", "--fail-rate", "0.1")
        #expect(result.status == 0)
        let rows = try rows(result.output)
        #expect(rows.map(\.groups) == [1, 3, 1])
        #expect(rows.allSatisfy { $0.isBalanced })
        #expect(rows[0].deadLettered > 60)
    }

    @Test(arguments: [["--json"], []]) func whatAGroupsFilterLetsPassByIsNotLost(arguments: [String]) async throws {
        let yaml = """
            version: 1
            brokers: { m: { type: inmemory } }
            routes:
              tasks: { topic: demo.tasks, kind: queue, broker: m, retry: { delay: 1ms } }
              events:
                topic: demo.events
                kind: stream
                broker: m
                groups: { all: {}, few: { filter: { match: any, headers: { demo-event: "7" } } } }
              live: { topic: demo.live, kind: pubsub, broker: m }
            """
        let file = try HubProcess.file("filter.yaml", lines: [yaml])
        let result = try await HubProcess.run(["demo", "--config", file, "--count", "200"] + arguments)
        #expect(result.status == 0)
        #expect(result.errors == "")
        if arguments.isEmpty {
            #expect(result.output.contains("few") && result.output.contains("filtered"))
        } else {
            let row = try rows(result.output)[1]
            #expect(row.handled == 201 && row.filtered == 199 && row.lost == 0)
        }
    }

    @Test func aConfigurationWithoutItsTopicsIsRefusedByName() async throws {
        let file = try HubProcess.file(
            "none.yaml",
            lines: [
                "version: 1", "brokers: { m: { type: inmemory } }",
                "routes: { a: { topic: a, kind: queue, broker: m } }",
            ])
        let result = try await HubProcess.run("demo", "--config", file)
        #expect(result.status == 3)
        for topic in ["demo.tasks", "demo.events", "demo.live"] { #expect(result.errors.contains(topic)) }
        let missing = try await HubProcess.run("demo", "--config", "/nowhere/x.yaml")
        #expect(missing.status == 3)
        #expect(missing.errors.contains("/nowhere/x.yaml"))
    }

    @Test(arguments: [
        ["--input", "/nowhere/x.ndjson"], ["--input", "/dev/null"], ["--input", "/"],
        ["--input", "/dev/null", "--on-bad-line", "skip"],
    ]) func anInputThatIsNoneIsAFailure(arguments: [String]) async throws {
        let result = try await HubProcess.run(["demo"] + arguments)
        #expect(result.status == 1)
        #expect(result.errors.contains(arguments[1]))
    }

    @Test(arguments: [["--count", "-1"], ["--fail-rate", "2"], ["--on-bad-line", "cry"], ["--sed", "1"]])
    func aLineThatIsNotUnderstoodIsRefused(arguments: [String]) async throws {
        let result = try await HubProcess.run(["demo"] + arguments)
        #expect(result.status == 2)
        #expect(result.output == "")
    }

    #if os(Linux)
        @Test(arguments: [(SIGINT, Int32(130)), (SIGTERM, Int32(143))])
        func askedToEndItFinishesWhatItSent(signal: Int32, status: Int32) async throws {
            let process = try HubProcess("demo", "--json", "--count", "100000000")
            try await process.waitUntilItCatches(signal)
            try await Task.sleep(for: .milliseconds(300))
            process.send(signal)
            let result = try await process.end()
            #expect(result.status == status)
            #expect(result.errors == "")
            let rows = try rows(result.output)
            #expect(rows.count == 3)
            for row in rows { #expect(row.isBalanced, "\(row)") }
        }
    #endif
}
