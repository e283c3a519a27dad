#if EventLoop
    import EventLoop
    import Foundation
    import Glibc
    import Messaging
    public import MessagingTesting

    /// A server as a child process of the test program: started, stopped, killed and frozen at will.
    ///
    /// Its folder is kept between starts. `end`, or letting go, kills it and removes the folder; when this program dies
    /// first, however it dies, the server is killed too.
    public actor ServerProcess: BrokerProcess {
        nonisolated let loop: EventLoop
        /// The process is looked after on an event loop of its own.
        public nonisolated var unownedExecutor: UnownedSerialExecutor { loop.asUnownedSerialExecutor() }
        /// Where it lives.
        public nonisolated let place: ServerPlace

        private let program: ServerProgram
        private var child: ChildProcess?
        private var isOver = false
        private let written = OutputTail()

        /// A server that is not started yet. Throws `.unavailable` where there is no port left.
        public init(_ program: ServerProgram) throws {
            self.program = program
            loop = EventLoop("server")
            place = try ServerPlace(program, on: loop)
        }

        isolated deinit { letGo() }

        /// The process's number; nil while there is none.
        public var pid: Int32? { child.flatMap { $0.status == nil ? $0.pid : nil } }

        /// The last 64 KiB of what it has written to its standard output and errors, all starts together.
        public nonisolated var output: String { written.text }

        /// Starts it with what is in its folder; returns when it is ready. Throws `.unavailable` where it cannot be started or
        /// has ended meanwhile, `.timeout` where it has not become ready, both with its output, and `CancellationError`; then
        /// it does not run. Harmless where it runs.
        public func start() async throws {
            if let child, child.status == nil { return try await becomesReady(child) }
            try await portsAreFree()
            let child = try spawn()
            self.child = child
            try await becomesReady(child)
        }

        /// Asks it to end, with SIGTERM, and lets it go on if it is frozen; returns when it has ended. Throws `.timeout` where
        /// it had to be killed, because it did not end within the program's patience.
        public func stop() async throws {
            guard let child, child.status == nil else { return }
            child.signal(SIGTERM)
            child.signalAll(SIGCONT)
            if await child.status(within: program.patience) != nil { return }
            child.signalAll(SIGKILL)
            try Task.checkCancellation()
            throw failure(.timeout, "did not end within \(program.patience) of SIGTERM, and was killed")
        }

        /// Kills it and all that it has started; returns when it has ended, also when it was frozen.
        public func kill() async throws {
            guard let child, child.status == nil else { return }
            child.signalAll(SIGKILL)
            if await child.status(within: program.patience) != nil { return }
            try Task.checkCancellation()
            throw failure(.timeout, "did not end within \(program.patience) of SIGKILL")
        }

        /// Holds it and all that it has started, with SIGSTOP; returns when it stands still. Throws `.unavailable` where it does
        /// not run.
        public func freeze() async throws {
            let child = try running()
            child.signalAll(SIGSTOP)
            // One that waits for a child between fork and exec cannot stop before this child goes on, which is stopped too: it
            // stands still in the state D.
            var waits = 0
            for _ in 0..<5_000 {
                let state = Self.state(of: child.pid)
                waits = state == "D" ? waits + 1 : 0
                if child.status != nil || state == "T" || waits == 200 { return }
                try await SystemTime.shared.sleep(for: .milliseconds(1))
            }
            throw failure(.timeout, "does not stand still after SIGSTOP")
        }

        /// Lets it go on, with SIGCONT. Throws `.unavailable` where it does not run.
        public func thaw() async throws { try running().signalAll(SIGCONT) }

        /// Kills it and removes its folder; it cannot be started any more. Harmless when repeated.
        public func end() async {
            isOver = true
            if let child {
                child.signalAll(SIGKILL)
                while child.status == nil, !Task.isCancelled { _ = await child.status(within: .seconds(1)) }
            }
            letGo()
            await loop.close()
        }

        private func letGo() {
            let folder = URL(fileURLWithPath: place.directory)
            if let child { child.abandon(removing: folder) } else { try? FileManager.default.removeItem(at: folder) }
            child = nil
        }

        private func running() throws -> ChildProcess {
            guard let child, child.status == nil else { throw failure(.unavailable, "does not run") }
            return child
        }

        /// Waits until what it had started before, which may outlive it for a moment, has let go of its ports.
        private func portsAreFree() async throws {
            let end = SystemTime.shared.uptime + program.patience
            for port in place.ports {
                while true {
                    do throws(StreamError) {
                        try await StreamListener(port: port, on: loop).close()
                        break
                    } catch {
                        if SystemTime.shared.uptime > end { throw failure(.timeout, "cannot start: \(error.sentence)") }
                    }
                    try await SystemTime.shared.sleep(for: .milliseconds(10))
                }
            }
        }

        private func spawn() throws -> ChildProcess {
            if isOver { throw failure(.ended, "has been ended; make another") }
            try FileManager.default.createDirectory(atPath: place.directory, withIntermediateDirectories: true)
            try program.prepare(place)
            let ends = try PipeEnds()
            defer { close(ends.writing) }
            PipeReader(ends.reading, on: loop) { [written] in written.add($0) }
            return try ChildProcess(
                program.command(place), environment: program.environment(place), output: ends.writing,
                errors: ends.writing)
        }

        private func becomesReady(_ child: ChildProcess) async throws {
            let end = SystemTime.shared.uptime + program.patience
            do {
                while true {
                    if let status = child.status {
                        throw failure(.unavailable, "ended before it was ready, with \(Self.words(status))")
                    }
                    if await program.isReady(place), child.status == nil { return }
                    try await SystemTime.shared.sleep(for: .milliseconds(20))
                    if SystemTime.shared.uptime > end {
                        throw failure(.timeout, "was not ready within \(program.patience)")
                    }
                }
            } catch {
                child.signalAll(SIGKILL)
                // In a task of its own: a cancelled start, too, leaves no dying server on the port that the next one needs.
                _ = await Task { await child.status(within: program.patience) }.value
                throw error
            }
        }

        private func failure(_ code: BrokerError.Code, _ sentence: String) -> BrokerError {
            let output = output
            let ending = output.isEmpty ? "" : "; it wrote: \(output.suffix(4_096))"
            return BrokerError(code, "the server \(program.name) \(sentence)\(ending)")
        }

        private static func words(_ status: ChildProcess.Status) -> String {
            status < 0 ? "signal \(-status)" : "status \(status)"
        }

        /// The letter that the system has for what a process does.
        private static func state(of pid: pid_t) -> Character? {
            let line = try? String(contentsOfFile: "/proc/\(pid)/stat", encoding: .utf8)
            return line?.split(separator: ")").last?.first { $0 != " " }
        }
    }
#endif
