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

/// Reads events from a file of JSON lines, a piece at a time, and names a line that is none by its number.
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
    private let file: String
    private let handle: FileHandle
    private let decoder = JSONDecoder()
    private var buffer: [UInt8] = []
    private var position = 0
    private var isAtEnd = false
    private(set) var line = 0
    private(set) var read = 0

    init(_ file: String) throws {
        self.file = file
        guard let handle = FileHandle(forReadingAtPath: file) else {
            throw BrokerError(.invalidArgument, "\(file.quoted) cannot be read; name a file of JSON lines with --input")
        }
        self.handle = handle
    }

    /// The next event; nil at the end of the file. After a `BadLine` the next call goes on with the next line.
    mutating func next() throws -> DemoEvent? {
        while let bytes = try nextLine() {
            line += 1
            if bytes.allSatisfy({ $0 == 0x20 || $0 == 0x0D || $0 == 0x09 }) { continue }
            let commit: Commit
            do { commit = try decoder.decode(Commit.self, from: Data(bytes)) } catch {
                throw BadLine(file: file, number: line, why: Self.sentence(of: error))
            }
            defer { read += 1 }
            return DemoEvent(index: read, body: Array(bytes), author: commit.author, component: commit.component)
        }
        return nil
    }

    /// Begins again at the first line.
    mutating func rewind() throws {
        try handle.seek(toOffset: 0)
        (buffer, position, isAtEnd, line) = ([], 0, false, 0)
    }

    private mutating func nextLine() throws -> ArraySlice<UInt8>? {
        while true {
            if let end = buffer[position...].firstIndex(of: 0x0A) {
                defer { position = end + 1 }
                return buffer[position..<end]
            }
            if isAtEnd {
                defer { position = buffer.count }
                return position < buffer.count ? buffer[position...] : nil
            }
            if buffer.count - position > Self.longestLine {
                position = buffer.count
                line += 1
                throw BadLine(
                    file: file, number: line, why: "longer than \(Self.longestLine) bytes; this is no file of lines")
            }
            let piece = try handle.read(upToCount: 1 << 18) ?? Data()
            isAtEnd = piece.isEmpty
            buffer = Array(buffer[position...]) + piece
            position = 0
        }
    }

    private static func sentence(of error: any Error) -> String {
        switch error as? DecodingError {
        case .keyNotFound(let key, _)?: "has no \(key.stringValue.quoted); an event has id, author and component"
        case .typeMismatch(_, let context)? where !context.codingPath.isEmpty, .valueNotFound(_, let context)?:
            "\(context.codingPath.map(\.stringValue).joined(separator: ".").quoted) is not a text"
        default: "is not a JSON object"
        }
    }
}
