import Foundation
import Messaging

/// The built command in a process of its own.
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

    /// Starts it with these arguments, its streams being pipes.
    init(_ arguments: String...) throws {
        (pid, output, hasEnded) = try Self.start(arguments)
    }

    deinit { if !hasEnded.isSet.withLock({ $0 }) { kill(pid, SIGKILL) } }

    static func run(_ arguments: String...) async throws -> Result { try await run(arguments) }

    static func run(_ arguments: [String]) async throws -> Result {
        let (_, output, _) = try start(arguments)
        return try await end(of: output)
    }

    func send(_ signal: Int32) { kill(pid, signal) }

    func end() async throws -> Result { try await Self.end(of: output) }

    private static func end(of output: Waiter<Result>) async throws -> Result {
        if case .value(let result) = await output.wait(on: SystemTime.shared) { return result }
        throw CancellationError()
    }

    private static func start(_ arguments: [String]) throws -> (Int32, Waiter<Result>, Flag) {
        let process = Process()
        process.executableURL = Bundle.main.executableURL?.deletingLastPathComponent().appendingPathComponent("hub")
        process.arguments = arguments
        process.standardInput = FileHandle.nullDevice
        let (output, errors) = (try temporary(), try temporary())
        process.standardOutput = try FileHandle(forWritingTo: output)
        process.standardError = try FileHandle(forWritingTo: errors)
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

    /// A line that is an event.
    static func event(_ id: String) -> String {
        #"{"id":"\#(id)","time":1,"author":"a","component":"core","subject":"ü","files":1,"insertions":1,"deletions":0}"#
    }

    #if os(Linux)
        /// Returns when the process answers a signal by itself.
        func waitUntilItCatches(_ signal: Int32) async throws {
            for _ in 0..<10_000 {
                let status = (try? String(contentsOfFile: "/proc/\(pid)/status", encoding: .utf8)) ?? ""
                let mask = status.split(separator: "\n").first { $0.hasPrefix("SigCgt:") }?.split(separator: "\t").last
                if let bits = mask.flatMap({ UInt64($0, radix: 16) }), bits >> UInt64(signal - 1) & 1 == 1 { return }
                try await Task.sleep(for: .milliseconds(2))
            }
            throw CancellationError()
        }
    #endif
}

extension String {
    fileprivate var trimmed: String { trimmingCharacters(in: .newlines) }
}
