#if EventLoop
    import Foundation

    /// What the system says of this process.
    enum System {
        /// How many threads have this name.
        static func threads(named name: String) -> Int {
            let tasks = (try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/task")) ?? []
            return tasks.count { task in
                let line = try? String(contentsOfFile: "/proc/self/task/\(task)/comm", encoding: .utf8)
                return line?.trimmingCharacters(in: .newlines) == String(name.prefix(15))
            }
        }
    }
#endif
