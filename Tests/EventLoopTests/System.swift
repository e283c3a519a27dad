#if EventLoop
    import Foundation
    import Messaging

    /// What the system says of this process.
    enum System {
        /// How many threads have this name.
        static func threads(named name: String) -> Int {
            entries("/proc/self/task").count { task in
                let line = try? String(contentsOfFile: "/proc/self/task/\(task)/comm", encoding: .utf8)
                return line?.trimmingCharacters(in: .newlines) == String(name.prefix(15))
            }
        }

        static func entries(_ folder: String) -> [String] {
            (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        }

        /// Returns when this holds; throws when it does not come to hold within 30 s.
        static func until(_ what: String, _ holds: () -> Bool) async throws {
            for _ in 0..<6_000 {
                if holds() { return }
                try await Task.sleep(for: .milliseconds(5))
            }
            throw BrokerError(.timeout, "it did not come to hold within 30 s that \(what)")
        }

        /// Does something 200 times, in a process that does nothing else, and throws unless that leaves as many threads
        /// and descriptors as doing it 20 times.
        static func leavesNothing(_ body: () async throws -> Void) async throws {
            for _ in 0..<20 { try await body() }
            try await Task.sleep(for: .milliseconds(200))
            let (threads, descriptors) = (entries("/proc/self/task").count, entries("/proc/self/fd").count)
            for _ in 0..<200 { try await body() }
            try await until("200 cycles leave nothing") {
                entries("/proc/self/task").count <= threads + 2 && entries("/proc/self/fd").count <= descriptors
            }
        }
    }
#endif
