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
    /// The longest author and component, in bytes: they become keys.
    static let longestName = 1 << 10
    private let file: String
    private let handle: FileHandle
    private let decoder = JSONDecoder()
    private var buffer: [UInt8] = []
    private var position = 0
    private var isAtEnd = false
    private var isTooLong = false
    private(set) var line = 0
    private(set) var read = 0

    init(_ file: String) throws {
        try Self.check(file)
        guard let handle = FileHandle(forReadingAtPath: file) else { throw Self.unusable(file, "cannot be read") }
        self.file = file
        self.handle = handle
    }

    /// Throws where a file cannot be read, without opening it: what a pipe holds is there once.
    static func check(_ file: String) throws {
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

    /// The next event; nil at the end of the file. After a `BadLine` the next call goes on with the next line.
    mutating func next() throws -> DemoEvent? {
        while let bytes = try nextLine() {
            line += 1
            if bytes.allSatisfy({ $0 == 0x20 || $0 == 0x0D || $0 == 0x09 }) { continue }
            if bytes.count > Self.longestLine { throw tooLong }
            let commit: Commit
            do { commit = try decoder.decode(Commit.self, from: Data(bytes)) } catch {
                throw BadLine(file: file, number: line, why: Self.sentence(of: error))
            }
            for (name, text) in [("author", commit.author), ("component", commit.component)]
            where text.utf8.count > Self.longestName {
                let why = "\(name.quoted) has \(text.utf8.count) bytes; at most \(Self.longestName) are allowed"
                throw BadLine(file: file, number: line, why: why)
            }
            defer { read += 1 }
            return DemoEvent(index: read, body: Array(bytes), author: commit.author, component: commit.component)
        }
        return nil
    }

    /// Begins again at the first line.
    mutating func rewind() throws {
        do { try handle.seek(toOffset: 0) } catch {
            throw Self.unusable(file, "is a pipe, and cannot be sent again and again; leave out --count")
        }
        (buffer, position, isAtEnd, isTooLong, line) = ([], 0, false, false, 0)
    }

    private var tooLong: BadLine {
        BadLine(file: file, number: line, why: "is longer than \(Self.longestLine) bytes; this is no file of lines")
    }

    /// The next line; of one that is too long only what shows that, its rest being passed over.
    private mutating func nextLine() throws -> ArraySlice<UInt8>? {
        while true {
            if let end = buffer[position...].firstIndex(of: 0x0A) {
                defer { position = end + 1 }
                if isTooLong {
                    isTooLong = false
                    continue
                }
                return buffer[position..<end]
            }
            if isAtEnd {
                defer { position = buffer.count }
                return !isTooLong && position < buffer.count ? buffer[position...] : nil
            }
            if isTooLong {
                position = buffer.count
            } else if buffer.count - position > Self.longestLine {
                defer { (position, isTooLong) = (buffer.count, true) }
                return buffer[position...]
            }
            let piece: Data
            do { piece = try handle.read(upToCount: 1 << 18) ?? Data() } catch {
                throw Self.unusable(file, "cannot be read any further than line \(line)")
            }
            isAtEnd = piece.isEmpty
            buffer = Array(buffer[position...]) + piece
            position = 0
        }
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
