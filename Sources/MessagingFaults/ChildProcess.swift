#if EventLoop
    import EventLoop
    import Foundation
    import Glibc
    import Messaging
    import MessagingTesting

    /// A child process in a process group of its own, with everything that it starts there.
    ///
    /// It never outlives this process: a watching shell holds one end of a socket, reads its end when this process is gone,
    /// however it went, and kills the group. It is reaped as soon as it has ended.
    final class ChildProcess: Sendable {
        /// How a process ended: by itself with a status, or by a signal, as a negative number.
        typealias Status = Int32

        private struct State: Sendable {
            var isOver = false
            var remains: URL?
        }

        let pid: pid_t
        private let ended = Observed<Status?>(nil)
        private let state = Lock(State())

        /// Starts a program, searched for in `PATH` where it has no slash. Its standard input is empty. Throws `.unavailable`
        /// where it cannot be started.
        init(_ words: [String], environment: [String: String], output: Int32, errors: Int32) throws {
            let pid = try Spawn.start(words, environment: environment, input: nil, output: output, errors: errors)
            self.pid = pid
            var watch: (pid: pid_t, line: Int32)?
            do {
                let watching = try Self.watch(pid)
                watch = watching
                try BlockingCall.begin("child") { [self] in reap(watching.pid, watching.line) }
            } catch {
                for process in [watch?.pid, pid].compactMap(\.self) {
                    Glibc.kill(-process, SIGKILL)
                    Spawn.reap(process)
                }
                if let watch { close(watch.line) }
                throw error
            }
        }

        /// How it ended; nil while it lives.
        var status: Status? { ended.value }

        /// Waits for its end; nil when it has not come within the limit, or the task was cancelled.
        func status(within limit: Duration) async -> Status? {
            await ended.first(within: limit) { $0 != nil } ?? nil
        }

        /// Sends it a signal; nothing once it has ended.
        func signal(_ signal: Int32) { state.withLock { if !$0.isOver { _ = Glibc.kill(pid, signal) } } }

        /// Sends a signal to it and to all that it has started.
        func signalAll(_ signal: Int32) { state.withLock { if !$0.isOver { _ = Glibc.kill(-pid, signal) } } }

        /// Kills it, and removes its folder once it has ended.
        func abandon(removing folder: URL) {
            let isOver = state.withLock { state in
                state.remains = folder
                if !state.isOver { _ = Glibc.kill(-pid, SIGKILL) }
                return state.isOver
            }
            if isOver { try? FileManager.default.removeItem(at: folder) }
        }

        /// A shell that kills the group once the other end of its input is gone; and that end.
        private static func watch(_ pid: pid_t) throws -> (pid: pid_t, line: Int32) {
            var ends: [Int32] = [-1, -1]
            guard socketpair(AF_UNIX, CInt(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0, &ends) == 0 else {
                throw BrokerError(.unavailable, "there is no socket to watch a child process with")
            }
            defer { close(ends[0]) }
            do {
                let words = ["/bin/sh", "-c", #"read -r line; kill -KILL "-$1""#, "watch", String(pid)]
                return (try Spawn.start(words, environment: [:], input: ends[0], output: nil, errors: nil), ends[1])
            } catch {
                close(ends[1])
                throw error
            }
        }

        /// Waits for the end, on a thread of its own. The process stays a zombie, and its number its own, until nobody can
        /// send it a signal any more.
        private func reap(_ watcher: pid_t, _ line: Int32) {
            var info = siginfo_t()
            while waitid(P_PID, id_t(pid), &info, WEXITED | WNOWAIT) != 0, errno == EINTR {}
            let remains = state.withLock { state in
                state.isOver = true
                return state.remains
            }
            Glibc.kill(watcher, SIGKILL)
            Spawn.reap(watcher)
            Glibc.kill(-pid, SIGKILL)
            let status = Spawn.reap(pid)
            close(line)
            if let folder = remains ?? state.withLock({ $0.remains }) {
                try? FileManager.default.removeItem(at: folder)
            }
            ended.change { $0 = status }
        }
    }
#endif
