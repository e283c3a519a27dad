import Foundation
import Messaging

/// The built command in a process of its own. Signals are at their defaults in it, however the tests were started.
final class HubProcess: Sendable {
    struct Result: Sendable {
        let status: Int32
        let output: String
        let errors: String
    }

    private final class Flag: Sendable {
        let isSet = Lock(false)
    }

    private let pid: Int32
    private let output: Waiter<Result>
    private let hasEnded: Flag

    /// Starts it with these arguments, its streams being files.
    convenience init(_ arguments: String...) throws { try self.init([Self.path] + arguments) }

    /// Starts it with its standard error on a terminal of this type, where there is one; `variables` are `NAME=value`, and
    /// what is read from `input` is its standard input.
    convenience init(
        _ arguments: [String], terminal: Terminal?, type: String = "xterm", variables: [String] = [],
        input: FileHandle? = nil
    ) throws {
        try self.init(["TERM=\(type)"] + variables + [Self.path] + arguments, nil, terminal?.program, input)
    }

    /// Starts a script, in which `$0` is the command; its standard output is a file where nothing else is given.
    convenience init(shell script: String, output: FileHandle? = nil) throws {
        try self.init(["/bin/bash", "-c", script, Self.path], output)
    }

    private init(
        _ words: [String], _ output: FileHandle? = nil, _ errors: FileHandle? = nil, _ input: FileHandle? = nil
    ) throws {
        (pid, self.output, hasEnded) = try Self.start(words, output, errors, input)
    }

    deinit { if !isOver { kill(pid, SIGKILL) } }

    static func run(_ arguments: String...) async throws -> Result { try await run(arguments) }

    static func run(_ arguments: [String]) async throws -> Result { try await HubProcess([path] + arguments).end() }

    func send(_ signal: Int32) { kill(pid, signal) }

    /// Whether it has ended.
    var isOver: Bool { hasEnded.isSet.withLock { $0 } }

    func end() async throws -> Result {
        if case .value(let result) = await output.wait(on: SystemTime.shared) { return result }
        throw CancellationError()
    }

    private static var path: String {
        Bundle.main.executableURL?.deletingLastPathComponent().appendingPathComponent("hub").path ?? "hub"
    }

    private static func start(
        _ words: [String], _ standardOutput: FileHandle?, _ standardError: FileHandle?, _ standardInput: FileHandle?
    ) throws -> (Int32, Waiter<Result>, Flag) {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        #if os(Linux)
            process.arguments = ["--default-signal=INT,TERM,PIPE"] + words
        #else
            process.arguments = words
        #endif
        process.standardInput = standardInput ?? FileHandle.nullDevice
        let (output, errors) = (try temporary(), try temporary())
        process.standardOutput = try standardOutput ?? FileHandle(forWritingTo: output)
        process.standardError = try standardError ?? FileHandle(forWritingTo: errors)
        let (waiter, flag) = (Waiter<Result>(), Flag())
        process.terminationHandler = { process in
            flag.isSet.withLock { $0 = true }
            func text(of file: URL) -> String {
                defer { try? FileManager.default.removeItem(at: file) }
                return (try? String(contentsOf: file, encoding: .utf8)) ?? "unreadable"
            }
            // A process that a signal has ended is told apart from one that exits with the signal's number.
            let status = process.terminationReason == .exit ? process.terminationStatus : -process.terminationStatus
            waiter.resolve(Result(status: status, output: text(of: output).trimmed, errors: text(of: errors).trimmed))
        }
        try process.run()
        return (process.processIdentifier, waiter, flag)
    }

    private static func temporary(_ name: String = "stream") throws -> URL {
        let file = FileManager.default.temporaryDirectory.appendingPathComponent("hub-\(UUID().uuidString)-\(name)")
        try Data().write(to: file)
        return file
    }

    /// A file of these lines; its path.
    static func file(_ name: String, lines: [String]) throws -> String {
        let file = try temporary(name)
        try Data((lines.joined(separator: "\n") + "\n").utf8).write(to: file)
        return file.path
    }

    /// A pipe with a name, which nobody has opened; its path.
    static func pipe() throws -> String {
        let path = FileManager.default.temporaryDirectory.appendingPathComponent("hub-\(UUID().uuidString)-pipe").path
        if mkfifo(path, 0o600) != 0 { throw CocoaError(.fileWriteUnknown) }
        return path
    }

    /// A line that is an event.
    static func event(_ id: String) -> String {
        #"{"id":"\#(id)","time":1,"author":"a","component":"core","subject":"ü","files":1,"insertions":1,"deletions":0}"#
    }

    #if os(Linux)
        /// Returns when the process answers a signal by itself.
        func waitUntilItCatches(_ signal: Int32) async throws {
            try await condition {
                let status = (try? String(contentsOfFile: "/proc/\(self.pid)/status", encoding: .utf8)) ?? ""
                let mask = status.split(separator: "\n").first { $0.hasPrefix("SigCgt:") }?.split(separator: "\t").last
                return mask.flatMap { UInt64($0, radix: 16) }.map { $0 >> UInt64(signal - 1) & 1 == 1 } ?? false
            }
        }

        /// Returns when the process has opened a file.
        func waitUntilItOpens(_ path: String) async throws {
            try await condition {
                let folder = "/proc/\(self.pid)/fd"
                let numbers = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
                return numbers.contains {
                    (try? FileManager.default.destinationOfSymbolicLink(atPath: "\(folder)/\($0)")) == path
                }
            }
        }
    #endif
}

/// Returns when this holds; throws when it does not come to hold within 30 s.
func condition(_ holds: () -> Bool) async throws {
    for _ in 0..<15_000 {
        if holds() { return }
        try await Task.sleep(for: .milliseconds(2))
    }
    throw BrokerError(.timeout, "the condition has not come to hold within 30 s")
}

extension String {
    fileprivate var trimmed: String { trimmingCharacters(in: .newlines) }
}
