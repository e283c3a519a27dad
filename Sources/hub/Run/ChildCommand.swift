import Foundation
import Messaging

/// A program that is started for a message, and gets it on its standard input.
///
/// It is in a process group of its own: Ctrl-C ends it only when the hub does. Its output and its errors go where the hub's
/// do.
struct ChildCommand: Sendable {
    /// Why a program that has not accepted its message has not.
    struct Failure: Error, Hashable, Sendable, CustomStringConvertible {
        let description: String
    }

    /// The exit status that gives a message up at once: EX_DATAERR of sysexits.h.
    static let refusal: Int32 = 65
    /// How long a program that was asked to end may take.
    static let patience = Duration.seconds(5)

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
        let input = try Self.file(line + "\n")
        let pid = try start(input, variables)
        close(input)
        let (end, isOver) = (Waiter<Int32>(), Over())
        // A process is waited for by a thread that does nothing else: Linux has no other way that reaps it.
        Thread.detachNewThread { end.resolve(isOver.reap(pid)) }
        return try await withTaskCancellationHandler {
            guard case .value(let status) = await end.waitUncancelled() else { throw CancellationError() }
            if status < 0 { try Task.checkCancellation() }
            return status
        } onCancel: {
            isOver.signal(pid, SIGTERM)
            _ = SystemTime.shared.alarm(at: SystemTime.shared.deadline(after: Self.patience)) {
                isOver.signal(pid, SIGKILL)
            }
        }
    }

    /// Whether a process has ended: its number may be another's then.
    private final class Over: Sendable {
        private let isOver = Lock(false)

        func signal(_ pid: pid_t, _ signal: Int32) { isOver.withLock { if !$0 { _ = kill(-pid, signal) } } }

        /// Waits for its end; its status, or its signal as a negative number.
        func reap(_ pid: pid_t) -> Int32 {
            var info = siginfo_t()
            while waitid(P_PID, id_t(pid), &info, WEXITED | WNOWAIT) != 0, errno == EINTR {}
            isOver.withLock { $0 = true }
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

    private func start(_ input: Int32, _ variables: [String: String]) throws -> pid_t {
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
        let status = Self.withStrings(words) { words in
            Self.withStrings(environment.map { "\($0)=\($1)" }) { variables in
                words[0].map { posix_spawn(&pid, $0, &actions, &attributes, words, variables) } ?? ENOENT
            }
        }
        if status == 0 { return pid }
        throw Failure(description: "\(words[0]) cannot be started: \(String(cString: strerror(status)))")
    }

    private static func withStrings<Result>(
        _ strings: [String], _ body: ([UnsafeMutablePointer<CChar>?]) -> Result
    ) -> Result {
        let copies = strings.map { strdup($0) }
        defer { for copy in copies { free(copy) } }
        return body(copies + [nil])
    }
}
