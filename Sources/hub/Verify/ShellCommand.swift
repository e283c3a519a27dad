import Foundation
import Messaging

/// A command for `/bin/sh`.
struct ShellCommand: Sendable {
    /// How it ended.
    enum End: Hashable, Sendable {
        /// With this status, or this signal as a negative one; and the first line that it wrote to standard error.
        case ended(Int32, errors: String)
        /// Not in time: it was told to end.
        case overdue
        case notStarted(String)
    }

    private let text: String

    init(_ text: String) { self.text = text }

    /// Runs it to its end, deaf to cancellation. What it leaves running in the background is not waited for.
    func run(within limit: Duration) async -> End {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/bin/sh")
        process.arguments = ["-c", text]
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = FileHandle.nullDevice
        // A file, because a server that a command starts keeps a pipe open.
        let errors = FileManager.default.temporaryDirectory.appendingPathComponent("hub-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: errors) }
        let end = Waiter<Int32?>()
        process.terminationHandler = { process in
            let status = process.terminationStatus
            end.resolve(process.terminationReason == .exit ? status : -status)
        }
        do {
            try Data().write(to: errors)
            process.standardError = try FileHandle(forWritingTo: errors)
            try process.run()
        } catch {
            return .notStarted("\(error)")
        }
        let time = SystemTime.shared
        let alarm = time.alarm(at: time.uptime + limit) { end.resolve(nil) }
        let outcome = await end.waitUncancelled()
        time.silence(alarm)
        guard case .value(let status?) = outcome else {
            process.terminate()
            return .overdue
        }
        let said = (try? String(contentsOf: errors, encoding: .utf8)) ?? ""
        return .ended(status, errors: said.split(separator: "\n").first.map(String.init) ?? "")
    }
}
