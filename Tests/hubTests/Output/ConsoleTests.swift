import Foundation
import Messaging
import Testing

@testable import hub

/// Standard output as the world has it: full, non-blocking, or read by nobody.
@Suite(.timeLimit(.minutes(2))) struct ConsoleTests {
    private func pipe() throws -> (reader: FileHandle, writer: FileHandle) {
        var ends: [Int32] = [0, 0]
        if Foundation.pipe(&ends) != 0 { throw CocoaError(.fileWriteUnknown) }
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        return (FileHandle(fileDescriptor: ends[0]), FileHandle(fileDescriptor: ends[1]))
    }

    #if os(Linux)
        @Test("What cannot be written is a failure, which says why")
        func fullDisk() async throws {
            let result = try await HubProcess(shell: #"exec "$0" brokers >/dev/full"#).end()
            #expect(result.status == ExitStatus.failure.rawValue)
            #expect(result.errors.contains("cannot be written to: No space left on device"))
        }

        @Test("Where a stream is closed nothing else gets its place, and what is written to it")
        func closed() async throws {
            let events = try HubProcess.file("closed.ndjson", lines: (0..<100).map { HubProcess.event("\($0)") })
            for arguments in ["brokers", "demo --json --input EVENTS"] {
                let script = "exec \"$0\" \(arguments.replacing("EVENTS", with: events)) >&-"
                let result = try await HubProcess(shell: script).end()
                #expect(result.status == ExitStatus.failure.rawValue)
                #expect(result.errors.contains("cannot be written to: Bad file descriptor"), "\(result.errors)")
            }
            let script = #"exec "$0" demo --json --input EVENTS <&- 2>&-"#.replacing("EVENTS", with: events)
            let result = try await HubProcess(shell: script).end()
            #expect(result.status == 0)
            #expect(result.output.split(separator: "\n").count == 3)
        }

        @Test("A pipe that takes nothing for now is waited for")
        func nonBlocking() async throws {
            let (reader, writer) = try pipe()
            // The smallest pipe, which the output does not fit into (F_SETPIPE_SZ).
            let size = fcntl(writer.fileDescriptor, 1031, 4096)
            _ = fcntl(writer.fileDescriptor, F_SETFL, O_NONBLOCK)
            let process = try HubProcess(shell: #"exec "$0" brokers --json"#, output: writer)
            try writer.close()
            try await condition {
                var waiting: Int32 = 0
                _ = ioctl(reader.fileDescriptor, UInt(FIONREAD), &waiting)
                return waiting >= size || process.isOver
            }
            let whole = Waiter<Data>()
            Thread.detachNewThread { whole.resolve((try? reader.readToEnd()) ?? Data()) }
            guard case .value(let output) = await whole.wait(on: SystemTime.shared) else { throw CancellationError() }
            let result = try await process.end()
            #expect(result.status == 0 && result.errors == "")
            let object = try JSONSerialization.jsonObject(with: output) as? [String: Any]
            #expect((object?["brokers"] as? [Any])?.count == Backends.profiles.count)
        }
    #endif

    @Test(
        "Where nobody reads any longer it ends quietly, whether SIGPIPE is ignored or not",
        arguments: ["", "trap '' PIPE;"])
    func unread(_ before: String) async throws {
        let (reader, writer) = try pipe()
        try reader.close()
        let result = try await HubProcess(shell: before + #""$0" brokers; exit $?"#, output: writer).end()
        #expect(result.status == ExitStatus.unread.rawValue)
        #expect(result.errors == "")
    }
}
