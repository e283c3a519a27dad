import Foundation
import Messaging
import Testing

@testable import MessagingHub
@testable import hub

@Suite(.timeLimit(.minutes(5))) struct StatusCommandTests {
    private let environment: [String: String]
    private var directory: StatusDirectory { StatusDirectory(environment) }

    init() throws {
        let path = FileManager.default.temporaryDirectory.appending(path: "hub-status-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        environment = ["XDG_RUNTIME_DIR": path]
    }

    private func status(_ edit: (inout HubStatus) -> Void = { _ in }) -> HubStatus {
        let promised = HubStatus.Promised(
            name: String(repeating: "orders.", count: 10), guarantee: "at-least-once", endsWithProcess: true,
            order: "key")
        let down = HubStatus.Broker(
            name: "main", type: "rabbitmq", state: "disconnected",
            reason: String(repeating: "connection refused ", count: 9))
        var status = HubStatus(
            pid: getpid(), boot: ProcessSpace.own.boot, pidNamespace: ProcessSpace.own.namespace,
            processStart: ProcessStart.ticks(of: getpid()), number: 1,
            command: String(repeating: "command", count: 9), configuration: String(repeating: "x/", count: 80),
            state: "running", since: "", written: "", uptime: 86_399, publishedPerSecond: 1e300,
            handledPerSecond: 123_456, published: 1, handled: 2, failed: 3, retried: 99_999_999,
            deadLettered: 1_234_567,
            inFlight: 999, lag: 1_000_000_000_000, routes: [promised], subscriptions: [],
            brokers: [down, HubStatus.Broker(name: "spare", type: "inmemory", state: "connected")])
        edit(&status)
        return status
    }

    @Test("Where nothing runs it says so; status 0") func nothing() async {
        let console = RecordingConsole()
        #expect(await console.run("status", environment: environment) == .success)
        #expect(console.output == "no hub process of this user runs" && console.errors.isEmpty)
        let json = RecordingConsole()
        #expect(await json.run("status", "--json", environment: environment) == .success)
        #expect(json.output.isEmpty && json.errors.isEmpty)
    }

    @Test("Its tables keep within 80 characters, whatever the numbers and names are") func narrow() async throws {
        let status = status()
        try directory.write(status.json, to: status.fileName)
        let console = RecordingConsole()
        #expect(await console.run("status", environment: environment) == .success)
        let lines = console.output.split(separator: "\n").map(String.init)
        #expect(lines.allSatisfy { $0.count <= 80 }, "\(lines)")
        #expect(lines.count == 7)
        #expect(lines[0].hasPrefix("PID") && lines[1].hasPrefix("\(getpid())") && lines[1].hasSuffix("1 of 2"))
        #expect(lines[1].contains("23h59m") && lines[1].contains("123k") && lines[1].contains("1.2M"))
        #expect(lines[4].contains("key    at least once*"))
        #expect(lines[5].hasPrefix("  broker main (rabbitmq) is disconnected, connection refused"))
    }

    @Test("What is not counted, not answered or not shown is said, in 80 characters")
    func incomplete() async throws {
        let status = status {
            ($0.destinations, $0.destinationsCounted, $0.countsAreOld) = (157, 100, true)
            $0.brokers = [
                HubStatus.Broker(
                    name: "main", type: "rabbitmq", state: "silent",
                    reason: "does not answer since 2026-11-22T23:00:00Z; it was connected")
            ]
        }
        try directory.write(status.json, to: status.fileName)
        let other = status.fileName.replacing("-1-", with: "-2-")
        try directory.write(Array(#"{"version":2}"#.utf8), to: other)
        let console = RecordingConsole()
        #expect(await console.run("status", environment: environment) == .success)
        let lines = console.output.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        #expect(lines.allSatisfy { $0.count <= 80 }, "\(lines)")
        #expect(lines[1].contains(" 999? ") && lines[1].contains(" 1000G? ") && lines[1].hasSuffix("0 of 1"))
        #expect(
            lines.suffix(6) == [
                "  broker main (rabbitmq) is silent, does not answer since 2026-11-22T23:00:00Z;…",
                "  HELD and WAIT of 100 destinations, + 57 more that are not counted",
                "  ? as last known: a broker does not answer", "  * while the process lives", "",
                "note: process \(getpid()) is not shown: it writes format 2, and this hub reads 1",
            ])
        let json = RecordingConsole()
        #expect(await json.run("status", "--json", environment: environment) == .success)
        #expect(json.output.split(separator: "\n").count == 1)
        #expect(json.errors.count == 1 && json.errors[0].hasPrefix("hub status: note: process \(getpid()) "))
    }

    @Test("What is less than is asked for is said") func short() async throws {
        let status = status { $0.routes[0].asked = "effectively-once" }
        try directory.write(status.json, to: status.fileName)
        let console = RecordingConsole()
        #expect(await console.run("status", environment: environment) == .success)
        #expect(console.output.contains("key    at least once*, not effectively once\n"))
        #expect(console.output.split(separator: "\n").allSatisfy { $0.count <= 80 })
    }

    @Test("--json prints one object a process") func json() async throws {
        for number in 1...2 {
            let status = status { $0.number = number }
            try directory.write(status.json, to: status.fileName)
        }
        let console = RecordingConsole()
        #expect(await console.run("status", "--json", environment: environment) == .success)
        let lines = console.output.split(separator: "\n")
        let objects = try lines.map { try JSONDecoder().decode(HubStatus.self, from: Data($0.utf8)) }
        #expect(objects == (1...2).map { number in status { $0.number = number } })
    }

    @Test("A directory that is not this user's own is refused; status 1") func refused() async throws {
        let elsewhere = directory.path + "-elsewhere"
        try FileManager.default.createDirectory(atPath: elsewhere, withIntermediateDirectories: false)
        try FileManager.default.createSymbolicLink(atPath: directory.path, withDestinationPath: elsewhere)
        let console = RecordingConsole()
        #expect(await console.run("status", environment: environment) == .failure)
        #expect(console.errors.count == 1 && console.errors[0].hasPrefix("hub status: \(directory.path) is a link"))
    }

    @Test("--watch shows it again each second until it is ended") func watch() async throws {
        let console = RecordingConsole()
        let environment = environment
        let task = Task { await console.run("status", "--watch", environment: environment) }
        try await condition { console.output.split(separator: "\n").count >= 2 }
        task.cancel()
        #expect(await task.value == .success)
    }

    @Test(
        "Numbers and times are short",
        arguments: [
            (0.0, "0"), (999.4, "999"), (1000, "1.0k"), (99_950, "99.9k"), (100_000, "100k"), (1e6, "1.0M"), (-3, "0"),
        ])
    func short(_ number: Double, _ text: String) { #expect(StatusText.short(number) == text) }

    #if os(Linux)
        @Test("Ctrl-C ends the watching though nobody reads what it writes")
        func unread() async throws {
            let pipe = Pipe()
            let end = pipe.fileHandleForWriting.fileDescriptor
            let flags = fcntl(end, F_GETFL)
            _ = fcntl(end, F_SETFL, flags | O_NONBLOCK)
            let bytes = [UInt8](repeating: 0x78, count: 4096)
            while write(end, bytes, bytes.count) > 0 {}
            while write(end, bytes, 1) > 0 {}
            _ = fcntl(end, F_SETFL, flags)
            let path = environment["XDG_RUNTIME_DIR"] ?? ""
            let watching = try HubProcess(
                shell: "export XDG_RUNTIME_DIR='\(path)'; exec \"$0\" status --watch",
                output: pipe.fileHandleForWriting)
            try await watching.waitUntilItCatches(SIGINT)
            watching.send(SIGINT)
            try await condition { watching.isOver }
            #expect(try await watching.end().status == 0)
            withExtendedLifetime(pipe) {}
        }

        @Test("Every command that runs a hub is seen while it does", arguments: ["run", "publish", "consume", "copy"])
        func commands(_ name: String) async throws {
            let (folder, input) = (try TestFolder(), try OpenPipe())
            let file = try folder.write(
                "hub.yaml",
                """
                brokers: { one: { type: inmemory } }
                routes: { a: { topic: run.a, kind: queue, broker: one } }
                subscriptions: { x: { topic: run.a, command: [cat] } }
                """)
            let topic = "memory://?topic=a"
            let words = ["run": [file], "publish": [topic], "consume": [topic, "--ack"], "copy": ["-", topic]]
            let process = try HubProcess(
                [name] + (words[name] ?? []), terminal: nil,
                variables: ["XDG_RUNTIME_DIR=\(environment["XDG_RUNTIME_DIR"] ?? "")"], input: input.reader)
            try await condition {
                let seen = try? HubStatus.seen(in: directory).running.first
                return seen?.command == name && seen?.state == "running"
            }
            process.send(SIGINT)
            #expect(try await process.end().status == 130)
            #expect(try directory.files().isEmpty)
        }

        @Test("hub demo is seen while it runs, until Ctrl-C ends the watching, and no more when it was killed")
        func demo() async throws {
            let path = environment["XDG_RUNTIME_DIR"] ?? ""
            let demo = try HubProcess(shell: "export XDG_RUNTIME_DIR='\(path)'; exec \"$0\" demo --count 100000000")
            try await condition { (try? HubStatus.seen(in: directory).running.first?.state) == "running" }
            let seen = try #require(try HubStatus.seen(in: directory).running.first)
            #expect(seen.command == "demo" && seen.routes.map(\.name) == ["events", "live", "tasks"])
            let folder = try TestFolder()
            let table = try folder.write("table", "")
            let watching = try HubProcess(
                shell: "export XDG_RUNTIME_DIR='\(path)'; exec \"$0\" status --watch > '\(table)'")
            try await watching.waitUntilItCatches(SIGINT)
            try await condition { (try? folder.text("table"))?.contains("demo: running") == true }
            watching.send(SIGINT)
            #expect(try await watching.end().status == 0)
            demo.send(SIGKILL)
            _ = try await demo.end()
            #expect(try directory.files().count == 1, "killed, it could not remove its file")
            #expect(try HubStatus.seen(in: directory).running.isEmpty)
            #expect(try directory.files().isEmpty)
        }
    #endif
}
