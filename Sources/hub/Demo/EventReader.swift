import Foundation
import Messaging

/// An event of the input: a commit, and the line that it stands on.
struct DemoEvent: Sendable {
    /// Its place among the events that are sent, from 0.
    let index: Int
    /// The line as it stands, without its end.
    let body: [UInt8]
    let author: String
    let component: String
}

/// Reads events from a file of JSON lines, a piece at a time, and names a line that is none by its number. A pipe that
/// has nothing yet, or no writer, is waited for, without a thread.
struct EventReader {
    /// A line that is not an event.
    struct BadLine: Error, CustomStringConvertible {
        let file: String
        let number: Int
        let why: String
        var description: String { "\(file):\(number): \(why)" }
    }

    private struct Commit: Decodable {
        let id: String
        let author: String
        let component: String
    }

    /// The longest line, in bytes.
    static let longestLine = 1 << 20
    /// The longest author and component, in bytes: they become keys.
    static let longestName = 1 << 10
    private static let piece = 1 << 18

    /// An open file, closed with the object.
    private final class Descriptor: Sendable {
        let number: Int32
        init(_ number: Int32) { self.number = number }
        deinit { close(number) }
    }

    private let file: String
    private let descriptor: Descriptor
    private let isInterrupted: @Sendable () -> Bool
    private let decoder = JSONDecoder()
    private var lines = LineBuffer(longest: Self.longestLine)
    private var isAtEnd = false
    /// The number of the last line.
    var line: Int { lines.count }
    private(set) var read = 0

    /// Once `isInterrupted` says so, nothing more is waited for: what is there is the end.
    init(_ file: String, isInterrupted: @escaping @Sendable () -> Bool = { false }) throws {
        try Self.check(file)
        let number = open(file, O_RDONLY | O_NONBLOCK | O_CLOEXEC)
        if number < 0 { throw Self.unusable(file, "cannot be read: \(String(cString: strerror(errno)))") }
        self.file = file
        self.isInterrupted = isInterrupted
        descriptor = Descriptor(number)
    }

    /// Throws where a file cannot be read, without opening it: what a pipe holds is there once.
    static func check(_ file: String) throws {
        if file.isEmpty { throw BrokerError(.invalidArgument, "--input is empty; name a file of JSON lines") }
        if file == "-" { throw BrokerError(.invalidArgument, "--input - is no file; standard input is /dev/stdin") }
        var isFolder = ObjCBool(false)
        if !FileManager.default.fileExists(atPath: file, isDirectory: &isFolder) {
            throw unusable(file, "does not exist")
        }
        if isFolder.boolValue { throw unusable(file, "is a directory") }
        if !FileManager.default.isReadableFile(atPath: file) { throw unusable(file, "cannot be read") }
    }

    private static func unusable(_ file: String, _ why: String) -> BrokerError {
        BrokerError(.invalidArgument, "\(file.quoted) \(why); name a file of JSON lines with --input")
    }

    /// The next event; nil at the end of the file. After a `BadLine` the next call goes on with the next line. A cancelled
    /// task waits for nothing.
    mutating func next() async throws -> DemoEvent? {
        while let element = try await nextLine() {
            guard case .line(let bytes) = element else { throw tooLong }
            if bytes.allSatisfy({ $0 == 0x20 || $0 == 0x0D || $0 == 0x09 }) { continue }
            let commit: Commit
            do { commit = try decoder.decode(Commit.self, from: Data(bytes)) } catch {
                throw BadLine(file: file, number: line, why: Self.sentence(of: error))
            }
            for (name, text) in [("author", commit.author), ("component", commit.component)] {
                if let why = Self.problem(of: text) {
                    throw BadLine(file: file, number: line, why: "\(name.quoted) \(why)")
                }
            }
            defer { read += 1 }
            return DemoEvent(index: read, body: Array(bytes), author: commit.author, component: commit.component)
        }
        return nil
    }

    /// Why a text is no key; nil when it is one.
    private static func problem(of text: String) -> String? {
        if text.utf8.count > longestName { return "has \(text.utf8.count) bytes; at most \(longestName) are allowed" }
        if text.utf8.contains(where: { $0 < 0x20 || $0 == 0x7F }) {
            return "is \(text.quoted); control characters are not allowed"
        }
        return nil
    }

    /// Begins again at the first line.
    mutating func rewind() throws {
        if lseek(descriptor.number, 0, SEEK_SET) != 0 {
            throw Self.unusable(file, "is a pipe, and cannot be sent again and again; leave out --count")
        }
        (lines, isAtEnd) = (LineBuffer(longest: Self.longestLine), false)
    }

    private var tooLong: BadLine {
        BadLine(file: file, number: line, why: "is longer than \(Self.longestLine) bytes; this is no file of lines")
    }

    /// The next line.
    private mutating func nextLine() async throws -> LineBuffer.Element? {
        while true {
            if let element = lines.next() { return element }
            if isAtEnd { return nil }
            guard let piece = try await nextPiece() else {
                isAtEnd = true
                return nil
            }
            isAtEnd = piece.isEmpty
            if isAtEnd { lines.end() } else { lines.append(piece) }
        }
    }

    /// The next bytes, empty at the end of the file; nil when it was interrupted.
    private func nextPiece() async throws -> [UInt8]? {
        while !isInterrupted() {
            var interest = pollfd(fd: descriptor.number, events: Int16(POLLIN), revents: 0)
            if poll(&interest, 1, 0) > 0 {
                let (piece, code) = available()
                if code == 0 { return piece }
                if code != EAGAIN, code != EINTR {
                    throw Self.unusable(file, "cannot be read any further than line \(line)")
                }
            }
            try await Task.sleep(for: .milliseconds(5))
        }
        return nil
    }

    /// What is there now, and the code of the system's error, 0 without one.
    private func available() -> (piece: [UInt8], code: Int32) {
        var code: Int32 = 0
        let piece = [UInt8](unsafeUninitializedCapacity: Self.piece) { unsafe, count in
            let result = Foundation.read(descriptor.number, unsafe.baseAddress, unsafe.count)
            if result < 0 { code = errno }
            count = max(0, result)
        }
        return (piece, code)
    }

    private static func sentence(of error: any Error) -> String {
        switch error as? DecodingError {
        case .keyNotFound(let key, _)?: "has no \(key.stringValue.quoted); an event has id, author and component"
        case .typeMismatch(_, let context)? where !context.codingPath.isEmpty,
            .valueNotFound(_, let context)? where !context.codingPath.isEmpty:
            "\(context.codingPath.map(\.stringValue).joined(separator: ".").quoted) is not a text"
        default: "is not a JSON object"
        }
    }
}
