#if EventLoop
    import Foundation

    /// What the system says of processes.
    enum System {
        /// The letter for what a process does; nil where there is none, not even a zombie.
        static func state(of pid: Int32) -> Character? {
            let line = try? String(contentsOfFile: "/proc/\(pid)/stat", encoding: .utf8)
            return line?.split(separator: ")").last?.first { $0 != " " }
        }
    }
#endif
