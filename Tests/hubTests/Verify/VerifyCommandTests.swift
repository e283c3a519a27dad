import Foundation
import MessagingTesting
import Testing

@testable import hub

@Suite(.timeLimit(.minutes(5))) struct VerifyCommandTests {
    private static let root = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../..")
        .standardized
    private let development = root.appending(path: "configs/development.yaml").path

    @Test("each promise is printed with its kinds, and how it holds; status 0")
    func text() async {
        let console = RecordingConsole()
        #expect(await console.run("verify", development, "--scenario", "1,15,33", "--seed", "7") == .success)
        #expect(
            console.output.hasPrefix(
                "main (inmemory), seed 7\n\nSettlement\n       1  A delivery that was accepted never comes back"))
        #expect(console.output.contains("\n          queue, stream: holds natively\n"))
        #expect(console.output.contains("\n\nAttempts and dead letters\n      15  A retry in one group"))
        #expect(console.output.contains("\n\nPublishing\n      33  Messages of one publisher and one key"))
        #expect(console.output.contains("\n          stream: holds natively\n"))
        #expect(console.output.contains("\nmain: 5 hold, 0 of them emulated; 0 not run; 0 fail; "))
        #expect(console.errors.isEmpty)
    }

    @Test("--kind leaves the other kinds out, and an emulation is named with its cost")
    func kind() async {
        let console = RecordingConsole()
        #expect(await console.run("verify", development, "--scenario", "49", "--kind", "stream") == .success)
        let cost = "stream: holds by an emulation: order: one consumer at a time receives, the others stand by"
        #expect(console.words.contains(cost))
        #expect(console.output.contains("\nmain: 1 hold, 1 of them emulated; 0 not run; 0 fail; "))
    }

    @Test("--json prints an object for each scenario and kind")
    func json() async throws {
        let console = RecordingConsole()
        #expect(await console.run("verify", development, "--json", "--scenario", "4-5") == .success)
        let rows = try console.output.split(separator: "\n").map { line in
            try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
        }
        #expect(rows.count == 4)
        #expect(rows.map { $0["scenario"] as? Int } == [4, 4, 5, 5])
        #expect(rows.map { $0["kind"] as? String } == ["queue", "stream", "queue", "stream"])
        for row in rows {
            #expect(row["broker"] as? String == "main" && row["type"] as? String == "inmemory")
            #expect((row["name"] as? String)?.hasSuffix(".") == true)
            #expect(row["result"] as? String == "passed" && row["level"] as? String == "seam")
            #expect(row["reason"] is NSNull)
            #expect(row["ms"] is Int)
        }
    }

    @Test(
        "what cannot be followed is named, with what to do; status 2",
        arguments: [
            (["--broker", "mian"], #""mian" is no broker of FILE; did you mean main?"#),
            (["--broker", "else"], #""else" is no broker of FILE; there are main"#),
            (["--scenario", "104"], "there is no scenario 104; there are 1 to 103"),
            (["--scenario", "one"], #"--scenario: "one" is no number of a scenario; give such as 7 or 28-37"#),
            (["--scenario", "9-7"], #"--scenario: "9-7" is no number of a scenario; give such as 7 or 28-37"#),
            (["--scenario", "15", "--kind", "queue"], "scenario 15 is not about a queue; it is about stream"),
        ])
    func usage(_ words: [String], _ sentence: String) async {
        let console = RecordingConsole()
        #expect(await console.run(["verify", development] + words) == .usage)
        #expect(console.errors == ["hub verify: \(sentence.replacing("FILE", with: development))"])
        #expect(console.output.isEmpty)
    }

    @Test("a file that is wrong, or names a backend that is not in this build, ends with status 3")
    func configuration() async {
        let none = RecordingConsole()
        #expect(await none.run("verify", "/nowhere.yaml") == .configuration)
        #expect(none.errors == ["hub verify: /nowhere.yaml: does not exist; check the path"])
        let missing = RecordingConsole()
        let file = Self.root.appending(path: "configs/messaging.yaml").path
        #expect(await missing.run("verify", file, "--broker", "events") == .configuration)
        #expect(missing.errors.count == 1)
        #expect(
            missing.errors[0].contains(
                "brokers.events.type: broker events: the backend of type kafka is not in this build"))
    }

    @Test(
        "a file of faults that does not fit is named, with what to do; status 3",
        arguments: [
            (
                "brokers: { main: { kill: a, stop: b, start: c, freeze: d, thaw: e } }",
                "brokers.main: is in memory, and its server is ended without commands; remove it"
            ),
            (
                "brokers: { mian: { kill: a, stop: b, start: c, freeze: d, thaw: e } }",
                "brokers.mian: is no broker of the configuration; did you mean main?"
            ),
            (
                "brokers: { main: { kill: a, stop: b, start: c, freeze: d } }",
                "brokers.main.thaw: is not set and has no default; give text"
            ),
            ("brokers: { main: { kil: a } }", "brokers.main.kil: is not known here; did you mean kill?"),
            ("brokers: {}", "brokers: names no broker; give the commands of at least one"),
            ("", "is empty; "),
        ])
    func faults(_ text: String, _ problem: String) async throws {
        let file = try HubProcess.file("faults.yaml", lines: [text])
        let console = RecordingConsole()
        #expect(await console.run(["verify", development, "--with-faults", file]) == .configuration)
        #expect(console.errors.contains { $0.contains(problem) }, "\(console.errors)")
    }

    @Test("every promise holds in memory, for each kind, in a process of its own")
    func everything() async throws {
        let result = try await HubProcess.run("verify", development, "--json")
        #expect(result.status == 0)
        #expect(result.errors == "")
        let plan = try VerifyPlan([], kind: nil)
        let rows = result.output.split(separator: "\n")
        #expect(rows.count == plan.lines.count)
        for (line, row) in zip(plan.lines, rows) {
            #expect(row.contains(#""scenario":\#(line.scenario.number),"#) && row.contains(#""kind":"\#(line.kind)""#))
            #expect(row.contains(#""result":"passed""#), "\(row)")
        }
    }

    #if os(Linux)
        @Test("Ctrl-C ends it with 130, and on a terminal nothing of the progress stays")
        func interrupted() async throws {
            let terminal = try Terminal()
            let process = try HubProcess(["verify", development, "--json"], terminal: terminal)
            try await condition { terminal.screen(width: 200).contains { $0.hasPrefix("verify main: ") } }
            process.send(SIGINT)
            let result = try await process.end()
            try await terminal.end()
            #expect(result.status == 130)
            let screen = terminal.screen(width: 200)
            #expect(screen.count == 1)
            #expect(screen.first?.hasPrefix("hub verify: interrupted, ") == true)
            #expect(screen.first?.hasSuffix("scenarios were not finished; what was made is removed") == true)
            #expect(!result.output.contains(#""result":"failed""#))
        }
    #endif
}
