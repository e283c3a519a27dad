#if EventLoop
    import Foundation
    import Messaging

    /// What the system says of processes.
    enum System {
        /// The letter for what a process does; nil where there is none, not even a zombie.
        static func state(of pid: Int32) -> Character? {
            let line = try? String(contentsOfFile: "/proc/\(pid)/stat", encoding: .utf8)
            return line?.split(separator: ")").last?.first { $0 != " " }
        }

        static func entries(_ folder: String) -> [String] {
            (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        }

        /// Returns when this holds; throws when it does not come to hold within 30 s.
        static func until(_ what: String, _ holds: () async -> Bool) async throws {
            for _ in 0..<6_000 {
                if await holds() { return }
                try await Task.sleep(for: .milliseconds(5))
            }
            throw BrokerError(.timeout, "it did not come to hold within 30 s that \(what)")
        }

        /// Does something again and again, in a process that does nothing else, and throws unless that leaves no thread,
        /// descriptor or child process.
        static func leavesNothing(_ times: Int, _ body: () async throws -> Void) async throws {
            for _ in 0..<5 { try await body() }
            try await Task.sleep(for: .milliseconds(200))
            let (threads, descriptors) = (entries("/proc/self/task").count, entries("/proc/self/fd").count)
            for _ in 0..<times { try await body() }
            try await until("\(times) cycles leave nothing") {
                entries("/proc/self/task").count <= threads + 2 && entries("/proc/self/fd").count <= descriptors
                    && waitpid(-1, nil, WNOHANG) == -1
            }
        }
    }
#endif
