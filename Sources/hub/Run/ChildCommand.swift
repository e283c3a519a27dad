import Foundation
import Messaging

/// A program that is started for a message, and gets it on its standard input.
///
/// It is in a process group of its own: Ctrl-C ends it only when the hub does. Its output and its errors go where the hub's
/// do. `Spawn` of MessagingFaults, which starts what tests end, is none of this program's modules, and knows nothing of this.
struct ChildCommand: Sendable {
    /// Why a program that has not accepted its message has not.
    struct Failure: Error, Hashable, Sendable, CustomStringConvertible {
        let description: String
    }

    /// It could not be started, for what may change: no room, no more processes.
    struct NotStarted: Error {
        let reason: BrokerError
    }

    /// The exit status that gives a message up at once: EX_DATAERR of sysexits.h.
    static let refusal: Int32 = 65
    /// How long a program that was asked to end may take: it has had the grace of the hub already, and its message goes back
    /// a second later.
    static let patience = Duration.milliseconds(700)
    /// The groups of those that run.
    private static let running = Lock(Set<pid_t>())

    /// Ends those that run, at once: the hub does.
    static func endAll() { running.withLock { for pid in $0 { kill(-pid, SIGKILL) } } }

    private let words: [String]

    /// The program of these words. Throws where it is not there.
    init(_ words: [String], path: String?) throws(BrokerError) {
        guard let program = words.first else { throw BrokerError(.invalidArgument, "a command has no words") }
        guard let found = Self.find(program, path ?? "/usr/local/bin:/usr/bin:/bin") else {
            let where_ = program.contains("/") ? "does not exist, or may not be run" : "is not in PATH"
            throw BrokerError(.invalidArgument, "the command \(program.quoted) \(where_); name a program")
        }
        self.words = [found] + words.dropFirst()
    }

    private static func find(_ program: String, _ path: String) -> String? {
        let places = program.contains("/") ? [program] : path.split(separator: ":").map { "\($0)/\(program)" }
        return places.first { access($0, X_OK) == 0 }
    }

    /// Runs it with this line on its standard input, and these variables beside the hub's. Returns its exit status, a signal
    /// being a negative one. When the task is cancelled it is asked to end, and ended after five seconds; throws then.
    func run(_ line: String, _ variables: [String: String]) async throws -> Int32 {
        let pid: pid_t
        do throws(BrokerError) {
            let input = try Self.file(line + "\n")
            defer { close(input) }
            pid = try start(input, variables)
        } catch {
            throw NotStarted(reason: error)
        }
        let end = Waiter<Int32>()
        let process = Child()
        // A process is waited for by a thread that does nothing else: Linux has no other way that reaps it.
        Thread.detachNewThread { end.resolve(process.reap(pid)) }
        return try await withTaskCancellationHandler {
            let outcome = await end.waitUncancelled()
            // What was told to end has not finished, whatever it says.
            guard case .value(let status) = outcome, !process.wasTold else { throw CancellationError() }
            return status
        } onCancel: {
            process.tell(pid)
            _ = SystemTime.shared.alarm(at: SystemTime.shared.deadline(after: Self.patience)) {
                process.signal(pid, SIGKILL)
            }
        }
    }

    /// What is known of a process: once it has ended, its number may be another's.
    private final class Child: Sendable {
        private let state = Lock((isOver: false, wasTold: false))

        /// Whether it was told to end before it did.
        var wasTold: Bool { state.withLock { $0.wasTold } }

        func tell(_ pid: pid_t) {
            state.withLock { state in
                if state.isOver { return }
                state.wasTold = true
                kill(-pid, SIGTERM)
            }
        }

        func signal(_ pid: pid_t, _ signal: Int32) { state.withLock { if !$0.isOver { _ = kill(-pid, signal) } } }

        /// Waits for its end; its status, or its signal as a negative number.
        func reap(_ pid: pid_t) -> Int32 {
            var info = siginfo_t()
            while waitid(P_PID, id_t(pid), &info, WEXITED | WNOWAIT) != 0, errno == EINTR {}
            state.withLock { $0.isOver = true }
            running.withLock { _ = $0.remove(pid) }
            var status: Int32 = 0
            while waitpid(pid, &status, 0) < 0, errno == EINTR {}
            let signal = status & 0x7f
            return signal == 0 ? (status >> 8) & 0xff : -signal
        }
    }

    /// A file without a name that holds a text, at its beginning.
    private static func file(_ text: String) throws(BrokerError) -> Int32 {
        let path = "\(FileManager.default.temporaryDirectory.path)/hub-\(UUID().uuidString)"
        let number = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        if number < 0 { throw Descriptor.failure(errno, path, "written") }
        unlink(path)
        do throws(BrokerError) {
            try Descriptor(stream: number, "a temporary file").write(Array(text.utf8))
        } catch {
            close(number)
            throw error
        }
        lseek(number, 0, SEEK_SET)
        return number
    }

    private func start(_ input: Int32, _ variables: [String: String]) throws(BrokerError) -> pid_t {
        var actions = posix_spawn_file_actions_t()
        var attributes = posix_spawnattr_t()
        posix_spawn_file_actions_init(&actions)
        posix_spawnattr_init(&attributes)
        defer {
            posix_spawn_file_actions_destroy(&actions)
            posix_spawnattr_destroy(&attributes)
        }
        posix_spawn_file_actions_adddup2(&actions, input, 0)
        var (all, none) = (sigset_t(), sigset_t())
        sigfillset(&all)
        sigemptyset(&none)
        posix_spawnattr_setsigdefault(&attributes, &all)
        posix_spawnattr_setsigmask(&attributes, &none)
        posix_spawnattr_setpgroup(&attributes, 0)
        let flags = POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK
        posix_spawnattr_setflags(&attributes, Int16(truncatingIfNeeded: flags))
        let environment = ProcessInfo.processInfo.environment.merging(variables) { $1 }
        var pid = pid_t()
        // Under the lock, so that whoever ends all of them knows of this one.
        let status = Self.running.withLock { running in
            let status = Self.withStrings(words) { words in
                Self.withStrings(environment.map { "\($0)=\($1)" }) { variables in
                    words[0].map { posix_spawn(&pid, $0, &actions, &attributes, words, variables) } ?? ENOENT
                }
            }
            if status == 0 { running.insert(pid) }
            return status
        }
        if status == 0 { return pid }
        throw BrokerError(
            .unavailable, "\(words[0]) cannot be started: \(String(cString: strerror(status)))", nativeCode: Int(status)
        )
    }

    private static func withStrings<Result>(
        _ strings: [String], _ body: ([UnsafeMutablePointer<CChar>?]) -> Result
    ) -> Result {
        let copies = strings.map { strdup($0) }
        defer { for copy in copies { free(copy) } }
        return body(copies + [nil])
    }
}
