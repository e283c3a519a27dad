#if EventLoop
    import Foundation
    import Messaging
    import MessagingFaults
    import MessagingTesting
    import Testing

    @Suite("Server processes") struct ServerProcessTests {
        /// Appends a line to a file in its folder when it starts, and one for each SIGTERM; then it ends.
        private static func shell(_ script: String) -> ServerProgram {
            var program = ServerProgram("shell") { ["sh", "-c", script, "sh", $0.directory, String($0.port)] }
            program.isReady = { FileManager.default.fileExists(atPath: $0.directory + "/started") }
            program.patience = .seconds(30)
            return program
        }

        private static let server = #"""
            trap 'rm "$1/started"; echo stopped >> "$1/log"; exit 0' TERM
            echo started >> "$1/log"
            echo hello from $$
            touch "$1/started"
            while :; do sleep 0.05; done
            """#

        private func log(of server: ServerProcess) -> String {
            let text = try? String(contentsOfFile: server.place.directory + "/log", encoding: .utf8)
            return text?.split(separator: "\n").joined(separator: " ") ?? ""
        }

        @Test("Start, stop and restart keep the folder; stop asks, kill does not") func lifecycle() async throws {
            let server = try ServerProcess(Self.shell(Self.server))
            #expect(await server.pid == nil)
            try await server.start()
            try await server.start()
            #expect(log(of: server) == "started")
            try await server.stop()
            try await server.stop()
            #expect(log(of: server) == "started stopped")
            #expect(await server.pid == nil)
            try await server.start()
            let pid = try #require(await server.pid)
            try await server.kill()
            #expect(log(of: server) == "started stopped started")
            try FileManager.default.removeItem(atPath: server.place.directory + "/started")
            #expect(System.state(of: pid) == nil, "a zombie is left")
            #expect(server.output.contains("hello from \(pid)"))
            try await server.restart()
            try await server.restart()
            #expect(log(of: server) == "started stopped started started stopped started")
            await server.end()
            #expect(!FileManager.default.fileExists(atPath: server.place.directory))
            await #expect(throws: BrokerError.self) { try await server.start() }
        }

        @Test("A frozen process stands still, also what it has started, and goes on when thawed") func freezing()
            async throws
        {
            var program = ServerProgram("counter") {
                [
                    "sh", "-c", #"sh -c 'while :; do echo x; done' >> "$1/log" & echo $! > "$1/child"; wait"#, "sh",
                    $0.directory,
                ]
            }
            program.isReady = { (try? FileManager.default.attributesOfItem(atPath: $0.directory + "/log")) != nil }
            let server = try ServerProcess(program)
            let path = server.place.directory
            try await server.start()
            let pid = try #require(await server.pid)
            try await SystemTime.shared.until("the child is known") {
                FileManager.default.fileExists(atPath: path + "/child")
            }
            let line = try String(contentsOfFile: path + "/child", encoding: .utf8)
            let child = try #require(Int32(line.trimmingCharacters(in: .whitespacesAndNewlines)))
            func size() -> Int {
                let attributes = try? FileManager.default.attributesOfItem(atPath: path + "/log")
                return attributes?[.size] as? Int ?? 0
            }
            try await server.freeze()
            #expect(System.state(of: pid) == "T")
            try await SystemTime.shared.until("the child stands still") { System.state(of: child) == "T" }
            let frozen = size()
            try await server.thaw()
            try await SystemTime.shared.until("it goes on") { size() > frozen }
            try await server.freeze()
            try await server.kill()
            #expect(System.state(of: pid) == nil)
            try await SystemTime.shared.until("the child is gone") { System.state(of: child).map { $0 == "Z" } ?? true }
            await server.end()
        }

        @Test("A frozen process is asked to stop, and does") func stoppingFrozen() async throws {
            let server = try ServerProcess(Self.shell(Self.server))
            try await server.start()
            try await server.freeze()
            try await server.stop()
            #expect(log(of: server) == "started stopped")
            await server.end()
        }

        @Test("One that does not end when asked is killed, and says so") func stubborn() async throws {
            var program = Self.shell(#"trap '' TERM; touch "$1/started"; while :; do sleep 0.05; done"#)
            program.patience = .seconds(5)
            let server = try ServerProcess(program)
            try await server.start()
            let error = await #expect(throws: BrokerError.self) { try await server.stop() }
            #expect(error?.code == .timeout)
            try await SystemTime.shared.until("it is gone") { await server.pid == nil }
            await server.end()
        }

        @Test("A program that ends before it is ready, or is not there, says why") func failures() async throws {
            let server = try ServerProcess(Self.shell("echo no such disk >&2; exit 7"))
            let error = await #expect(throws: BrokerError.self) { try await server.start() }
            #expect(error?.sentence.contains("status 7") == true)
            #expect(error?.sentence.contains("no such disk") == true)
            await server.end()
            let missing = try ServerProcess(ServerProgram("missing") { _ in ["/no/such/program"] })
            let other = await #expect(throws: BrokerError.self) { try await missing.start() }
            #expect(other?.code == .unavailable)
            #expect(other?.sentence.contains("/no/such/program") == true)
            await missing.end()
        }

        @Test("A start that is cancelled, or takes too long, leaves nothing running") func cancelledStart() async throws
        {
            var program = Self.shell(#"touch "$1/begun"; while :; do sleep 0.05; done"#)
            let server = try ServerProcess(program)
            let begun = server.place.directory + "/begun"
            let starting = Task { try await server.start() }
            try await SystemTime.shared.until("it has begun") { FileManager.default.fileExists(atPath: begun) }
            starting.cancel()
            await #expect(throws: CancellationError.self) { try await starting.value }
            #expect(await server.pid == nil)
            await server.end()
            program.patience = .milliseconds(200)
            let late = try ServerProcess(program)
            let error = await #expect(throws: BrokerError.self) { try await late.start() }
            #expect(error?.code == .timeout)
            #expect(await late.pid == nil)
            await late.end()
        }

        @Test("Of a long output the end is kept") func output() async throws {
            let script =
                #"i=0; while [ $i -lt 20000 ]; do echo line $i; i=$((i+1)); done; touch "$1/started"; sleep 100"#
            let server = try ServerProcess(Self.shell(script))
            try await server.start()
            try await SystemTime.shared.until("all was read") { server.output.hasSuffix("line 19999\n") }
            #expect(server.output.utf8.count == 65_536)
            await server.end()
        }

        @Test("Letting go kills the process and removes its folder") func lettingGo() async throws {
            var pid: Int32 = 0
            var folder = ""
            do {
                let server = try ServerProcess(Self.shell(Self.server))
                try await server.start()
                pid = try #require(await server.pid)
                folder = server.place.directory
            }
            try await SystemTime.shared.until("it is gone") {
                System.state(of: pid) == nil && !FileManager.default.fileExists(atPath: folder)
            }
        }

        @Test("When the test program is killed, nothing that it started is left") func orphans() async throws {
            let path = FileManager.default.temporaryDirectory.appendingPathComponent("orphan-\(UUID().uuidString)").path
            setenv("ORPHAN_FILE", path, 1)
            await OwnThreads.run {
                _ = await #expect(processExitsWith: .signal(SIGKILL)) {
                    let server = try ServerProcess(
                        ServerProcessTests.shell(#"sleep 3600 & echo $$ $! > "$ORPHAN_FILE"; touch "$1/started"; wait"#)
                    )
                    try await server.start()
                    Glibc.kill(getpid(), SIGKILL)
                }
            }
            let pids = try String(contentsOfFile: path, encoding: .utf8).split { $0 == " " || $0 == "\n" }
            #expect(pids.count == 2)
            for pid in pids.compactMap({ Int32($0) }) {
                try await SystemTime.shared.until("\(pid) is gone") { System.state(of: pid).map { $0 == "Z" } ?? true }
            }
            try FileManager.default.removeItem(atPath: path)
        }

        @Test("40 servers leave no process, thread or descriptor") func leaks() async {
            await OwnThreads.run {
                _ = await #expect(processExitsWith: .success) {
                    try await ProcessUse.leavesNothing(40) {
                        let server = try ServerProcess(ServerProcessTests.shell(ServerProcessTests.server))
                        try await server.start()
                        try await server.kill()
                        try await server.start()
                        await server.end()
                    }
                    try await SystemTime.shared.until("no child process is left") { waitpid(-1, nil, WNOHANG) == -1 }
                }
            }
        }
    }
#endif
