import Foundation
import Testing

@testable import hub

@Suite struct CheckCommandTests {
    private static let root = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../..").standardized

    private func path(_ name: String) -> String { Self.root.appending(path: "configs/\(name)").path }

    private func members(_ text: String) throws -> [String: Any] {
        try #require(try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
    }

    @Test("A good file gives the table of routes, with what is promised and why, and status 0")
    func good() async {
        let console = RecordingConsole()
        #expect(await console.run("check", path("development.yaml")) == .success)
        #expect(console.output.contains("no problems; 1 broker, 4 routes"))
        #expect(console.words.contains("at least once, while the process lives: the in-memory broker lives as long"))
        #expect(console.output.contains("at most once: whoever does not listen misses it"))
        #expect(console.errors.isEmpty)
    }

    @Test("A note about a value names its place, its key and what would be right")
    func placedNote() async throws {
        let file = FileManager.default.temporaryDirectory.appending(path: "hub-check-\(UUID().uuidString).yaml")
        defer { try? FileManager.default.removeItem(at: file) }
        let breaker = "{topic: a, broker: main, kind: queue, max-hold: 20s, circuit-breaker: {reset: 30s}}"
        let text = "brokers: {main: {type: inmemory}}\nroutes:\n  a: \(breaker)\n"
        try Data(text.utf8).write(to: file)
        let console = RecordingConsole()
        #expect(await console.run("check", file.path) == .success)
        let note = "routes.a.circuit-breaker.reset: 30s is over nine tenths of max-hold, 20s, so that the"
        #expect(console.words.contains("note: \(file.path):3:84: \(note)"))
        #expect(console.words.contains("; lower it, or raise max-hold"))
    }

    @Test("A type that is not in this build is a note, not a problem")
    func missingBackends() async {
        let console = RecordingConsole()
        #expect(await console.run("check", path("messaging.yaml")) == .success)
        #expect(
            console.words.contains("the trait Kafka, which needs the package librdkafka-dev and cannot be chosen yet"))
        #expect(console.words.contains("a low priority may starve"))
        #expect(console.words.contains("priorities in a queue: emulated, the queue is classic"))
    }

    @Test("Problems go to standard error, a line each, with status 3")
    func problems() async {
        let console = RecordingConsole()
        #expect(await console.run("check", "/nowhere.yaml") == .configuration)
        #expect(console.errors == ["/nowhere.yaml: does not exist; check the path", "1 problem"])
        #expect(console.output.isEmpty)
    }

    @Test(
        "Whatever is given instead of a file is named, with what to do; status 3",
        arguments: [
            ("", "the name of the configuration is empty; name a file"),
            ("/", "/: is a directory; name the file in it"),
            ("/dev/null", "/dev/null: is empty; a configuration has at least brokers and routes"),
            ("-", "-: is no file; standard input is /dev/stdin"),
            ("/dev/null/x", "/dev/null/x: does not exist, because a part of the path is a file; check the path"),
            ("/nowhere/a\nb", #""/nowhere/a\nb": does not exist; check the path"#),
        ])
    func noFile(_ file: String, _ problem: String) async {
        let console = RecordingConsole()
        #expect(await console.run("check", "--", file) == .configuration)
        #expect(console.errors == [problem, "1 problem"])
    }

    @Test("A name that is too long says so")
    func longName() async {
        let console = RecordingConsole()
        #expect(await console.run("check", String(repeating: "x", count: 5000)) == .configuration)
        #expect(console.errors.first?.hasSuffix(": is longer than a path may be; check the path") == true)
    }

    @Test("Variables come from the environment, and no secret is shown")
    func environment() async {
        let console = RecordingConsole()
        let environment = ["RABBITMQ_PORT": "hunter2", "RABBITMQ_PASSWORD": "hunter3"]
        #expect(await console.run("check", path("messaging.yaml"), environment: environment) == .configuration)
        #expect(console.errors.count == 2)
        #expect(console.errors[0].contains("brokers.tasks.port: the value of ${RABBITMQ_PORT} is not allowed"))
        #expect(!console.errors.joined().contains("hunter"))
    }

    /// Runs `hub check` on a configuration of these lines.
    private func check(_ lines: String...) async throws -> (status: hub.ExitStatus, console: RecordingConsole) {
        let file = FileManager.default.temporaryDirectory.appending(path: "hub-check-\(UUID().uuidString).yaml")
        defer { try? FileManager.default.removeItem(at: file) }
        try Data(lines.map { $0 + "\n" }.joined().utf8).write(to: file)
        let console = RecordingConsole()
        return (await console.run("check", file.path), console)
    }

    @Test("The tables of what is promised keep within 80 characters, whatever the names are")
    func narrow() async throws {
        let long = String(repeating: "long-", count: 20)
        let (status, console) = try await check(
            "brokers: {\(long): {type: inmemory}}", "routes:",
            "  \(long): {topic: a, broker: \(long), kind: stream, order: all, groups: {g: {}}, deduplicate: {}}",
            "  b: {topic: b.\(long)x, broker: \(long), kind: queue}", "subscriptions:",
            "  \(long): {topic: a, to: b.\(long)x}", "  run: {topic: b.\(long)x, command: [cat]}")
        #expect(status == .success)
        let lines = console.output.split(separator: "\n").drop { !$0.hasPrefix("ROUTE") }
        let tables = lines.prefix { !$0.hasPrefix("* while the process lives") }
        #expect(tables.count == 6 && tables.allSatisfy { $0.count <= 80 }, "\(tables)")
        #expect(tables.contains { $0.contains("stream  all    effectively once*  ") })
        #expect(
            tables.contains {
                $0.hasPrefix("run") && $0.contains("none   at least once*") && $0.hasSuffix("  a command")
            })
        #expect(console.words.contains(" a to b.long-"))
    }

    @Test("What the target of a bridge cannot carry is named, below the bridge")
    func fidelity() async throws {
        let (status, console) = try await check(
            "brokers: {main: {type: inmemory}, log: {type: kafka}, live: {type: redis}}", "routes:",
            "  a: {topic: a, broker: main, kind: queue}", "  b: {topic: b, broker: log, kind: stream}",
            "  c: {topic: c, broker: live, kind: queue}", "subscriptions:", "  one: {topic: a, to: b}",
            "  two: {topic: a, to: c}")
        #expect(status == .success)
        let parts = console.output.components(separatedBy: "\none\n")
        #expect(parts.count == 2 && !parts[0].contains("cannot carry"))
        let note = "note: b cannot carry priorities, bodies over 1000000 bytes"
        #expect(parts.last?.components(separatedBy: "cannot carry").count == 2, "\(console.output)")
        #expect(parts.last?.components(separatedBy: "\ntwo\n").first?.contains(note) == true, "\(console.output)")
    }

    @Test("What gets less than it asks for, because handled messages are remembered in memory, is refused; status 3")
    func shortfall() async throws {
        let (status, console) = try await check(
            "brokers: {main: {type: rabbitmq}}", "routes:", "  a: {topic: a, broker: main, kind: queue}",
            "  b: {topic: b, broker: main, kind: queue, deduplicate: 30m}", "subscriptions:",
            "  it: {topic: a, to: b, guarantee: effectively-once}")
        #expect(status == .configuration)
        let place = ":6:36: subscriptions.it.guarantee: effectively once is asked for, and it is at least once: "
        #expect(console.errors.contains { $0.contains(place + "a publish by route a whose outcome is not known") })
        #expect(console.output.isEmpty)
    }

    @Test("--json gives one object, for a good file and for a bad one")
    func json() async throws {
        let good = RecordingConsole()
        #expect(await good.run("check", "--json", path("test.yaml")) == .success)
        let report = try members(good.output)
        #expect((report["problems"] as? [Any])?.isEmpty == true)
        let routes = try #require(report["routes"] as? [[String: Any]])
        #expect(routes.map { $0["name"] as? String } == ["orders", "payments", "prices"])
        #expect(routes.map { $0["guarantee"] as? String } == ["at least once", "at least once", "at most once"])
        #expect(routes[0]["endsWithProcess"] as? Bool == true)
        let needs = try #require(routes[1]["needs"] as? [[String: Any]])
        #expect(
            needs.contains {
                $0["need"] as? String == "order per key in a stream" && $0["support"] as? String == "emulated"
            })

        let bad = RecordingConsole()
        #expect(await bad.run("check", "--json", "/nowhere.yaml") == .configuration)
        let problems = try #require(try members(bad.output)["problems"] as? [[String: Any]])
        #expect(problems.map { $0["problem"] as? String } == ["does not exist; check the path"])
        #expect(problems[0]["line"] is NSNull)
    }

    @Test("What is not safe is named with its place and the remedy, after the rest, and --strict makes it an error")
    func warnings() async throws {
        let file = FileManager.default.temporaryDirectory.appending(path: "hub-check-\(UUID().uuidString).yaml")
        defer { try? FileManager.default.removeItem(at: file) }
        let text = """
            brokers:
              main: {type: rabbitmq, host: rabbit, tls-verify: false}
            routes:
              a: {topic: a, broker: main, kind: stream, groups: {g: {start: latest}}}

            """
        try Data(text.utf8).write(to: file)
        let sentences = [
            "\(file.path):2:3: brokers.main.tls: credentials go in plain text to another machine; set tls: true",
            "\(file.path):2:52: brokers.main.tls-verify: false lets anybody stand in for the broker; set tls-authority",
            "\(file.path):4:65: routes.a.groups.g.start: the group never reads what is in the stream before it is made;",
        ]
        let plain = RecordingConsole()
        #expect(await plain.run("check", file.path) == .success)
        #expect(plain.output.contains("no problems; 1 broker, 1 route; 3 warnings\n"))
        for sentence in sentences { #expect(plain.words.contains(sentence), "\(plain.words)") }
        let strict = RecordingConsole()
        #expect(await strict.run("check", "--strict", file.path) == .configuration)
        #expect(strict.errors == ["3 warnings, which are errors by --strict"] && strict.output == plain.output)
        let json = RecordingConsole()
        #expect(await json.run("check", "--strict", "--json", file.path) == .configuration)
        let found = try #require(try members(json.output)["warnings"] as? [[String: Any]])
        #expect(found.map { $0["line"] as? Int } == [2, 2, 4] && json.errors.isEmpty)
        #expect(
            found.map { $0["path"] as? String } == [
                "brokers.main.tls", "brokers.main.tls-verify", "routes.a.groups.g.start",
            ])
        let safe = RecordingConsole()
        #expect(await safe.run("check", "--strict", path("development.yaml")) == .success)
    }

    @Test(
        "No line is longer than 80 characters, but for what cannot be broken", arguments: ["messaging", "production"])
    func width(_ name: String) async {
        let console = RecordingConsole()
        #expect(await console.run("check", path("\(name).yaml")) == .success)
        for line in console.output.split(separator: "\n").dropFirst() where line.count > 80 {
            #expect(line.split(separator: " ").contains { $0.count > 60 }, "\(line)")
        }
    }
}
