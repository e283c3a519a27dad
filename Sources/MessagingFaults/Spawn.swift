#if EventLoop
    import Foundation
    import Glibc
    import Messaging

    /// Starts processes: the one place that knows how C describes one.
    enum Spawn {
        /// Starts a program in a group of its own, with every signal at its default. A stream that is nil is `/dev/null`.
        /// Throws `.unavailable` where it cannot be started.
        static func start(
            _ words: [String], environment: [String: String], input: Int32?, output: Int32?, errors: Int32?
        ) throws -> pid_t {
            var actions = posix_spawn_file_actions_t()
            var attributes = posix_spawnattr_t()
            posix_spawn_file_actions_init(&actions)
            posix_spawnattr_init(&attributes)
            defer {
                posix_spawn_file_actions_destroy(&actions)
                posix_spawnattr_destroy(&attributes)
            }
            for (stream, descriptor) in [(Int32(0), input), (1, output), (2, errors)] {
                if let descriptor {
                    posix_spawn_file_actions_adddup2(&actions, descriptor, stream)
                } else {
                    posix_spawn_file_actions_addopen(&actions, stream, "/dev/null", O_RDWR, 0)
                }
            }
            var (all, none) = (sigset_t(), sigset_t())
            sigfillset(&all)
            sigemptyset(&none)
            posix_spawnattr_setsigdefault(&attributes, &all)
            posix_spawnattr_setsigmask(&attributes, &none)
            posix_spawnattr_setpgroup(&attributes, 0)
            let flags = CInt(POSIX_SPAWN_SETPGROUP) | CInt(POSIX_SPAWN_SETSIGDEF) | CInt(POSIX_SPAWN_SETSIGMASK)
            posix_spawnattr_setflags(&attributes, Int16(truncatingIfNeeded: flags))
            let variables = ProcessInfo.processInfo.environment.merging(environment) { $1 }
            var pid = pid_t()
            let status = withStrings(words) { words in
                withStrings(variables.map { "\($0)=\($1)" }) { variables in
                    words[0].map { posix_spawnp(&pid, $0, &actions, &attributes, words, variables) } ?? ENOENT
                }
            }
            if status == 0 { return pid }
            let reason = strerror(status).map { String(cString: $0) } ?? "error \(status)"
            throw BrokerError(
                .unavailable, "\(words.first ?? "") cannot be started: \(reason)", nativeCode: Int(status))
        }

        /// Waits for a process that has ended, or will at once; how it ended.
        @discardableResult static func reap(_ pid: pid_t) -> ChildProcess.Status {
            var status: Int32 = 0
            while waitpid(pid, &status, 0) < 0, errno == EINTR {}
            let signal = status & 0x7f
            return signal == 0 ? (status >> 8) & 0xff : -signal
        }

        private static func withStrings<Result>(
            _ strings: [String], _ body: ([UnsafeMutablePointer<CChar>?]) -> Result
        ) -> Result {
            let copies = strings.map { strdup($0) }
            defer { for copy in copies { free(copy) } }
            return body(copies + [nil])
        }
    }
#endif
