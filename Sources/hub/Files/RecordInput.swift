import Foundation
import Messaging
import MessagingCodecs

/// A message that was read from a file, and where it stood.
struct InputRecord: Sendable {
    let message: Message
    /// The number of its line, from 1.
    let line: Int
    /// Where the next one begins, in bytes of what is read; of a compressed file, of what is in it.
    let end: Int
    /// The `LineMark` of its line, by which a file is known again.
    let mark: UInt64
}

/// Reads messages from a file, a pipe or standard input, on a thread of its own: what has nothing yet is waited for.
actor RecordInput {
    /// What is next.
    enum Element: Sendable {
        case record(InputRecord)
        /// A line that is no message: its number, what is wrong, and where the next one begins.
        case bad(line: Int, BadRecord, end: Int)
    }

    private static let piece = 1 << 18
    /// How many of the last bytes before a position are looked at: a line's, and its end.
    private static let tailLength = LineMark.length + 2

    private let descriptor: Descriptor
    private let format: RecordFormat
    private let isInterrupted: @Sendable () -> Bool
    private let makeID: @Sendable (_ offset: Int) -> MessageID
    private let decompressor: (any Decompressing)?
    private let executor = BlockingExecutor("hub.input")
    private var lines: LineBuffer
    private var isOver = false
    private var tail: [UInt8] = []
    /// A regular file is read up to where it ended when it was opened: one that grows has an end, too.
    private var left: Int?

    nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

    /// Opens a file, or standard input for `-`. Throws what is wrong with it.
    init(
        _ path: String, _ format: RecordFormat, isInterrupted: @escaping @Sendable () -> Bool,
        makeID: @escaping @Sendable (_ offset: Int) -> MessageID = { _ in MessageID() }
    ) throws(BrokerError) {
        descriptor = path == "-" ? Descriptor(stream: 0, "-") : try Descriptor(path, O_RDONLY | O_NONBLOCK)
        decompressor = try Compression(path: path)?.decompressor()
        lines = LineBuffer(longest: RecordFormat.longestLine)
        left = descriptor.size
        self.format = format
        self.isInterrupted = isInterrupted
        self.makeID = makeID
    }

    /// How many bytes there are to read, compressed as they are; nil for a pipe.
    nonisolated var size: Int? { descriptor.size }

    /// Passes over this many bytes, and returns the last of them, by which a file is known again; fewer where it ends before.
    func skip(_ count: Int) throws(BrokerError) -> (passed: Int, tail: [UInt8]) {
        if decompressor == nil, let size = descriptor.size {
            let count = min(count, size)
            let tail = try bytes(before: count)
            lseek(descriptor.number, off_t(count), SEEK_SET)
            left = size - count
            lines = LineBuffer(longest: RecordFormat.longestLine, offset: count)
            return (count, tail)
        }
        var passed = 0
        while passed < count, let piece = try nextPiece() {
            let wanted = piece.prefix(count - passed)
            passed += wanted.count
            tail = Array((tail + wanted).suffix(Self.tailLength))
            if wanted.count < piece.count {
                lines = LineBuffer(longest: RecordFormat.longestLine, offset: passed)
                lines.append(Array(piece.dropFirst(wanted.count)))
            }
        }
        if lines.offset != passed { lines = LineBuffer(longest: RecordFormat.longestLine, offset: passed) }
        return (passed, tail)
    }

    private func bytes(before place: Int) throws(BrokerError) -> [UInt8] {
        let start = max(0, place - Self.tailLength)
        var bytes = [UInt8](repeating: 0, count: place - start)
        let count = bytes.withUnsafeMutableBytes { pread(descriptor.number, $0.baseAddress, $0.count, off_t(start)) }
        if count != bytes.count { throw Descriptor.failure(count < 0 ? errno : EIO, descriptor.name, "read") }
        return bytes
    }

    /// The next messages, at least one and at most `count`; none at the end, and once it was interrupted.
    func next(upTo count: Int) throws(BrokerError) -> [Element] {
        if format == .body { return try whole() }
        var found: [Element] = []
        while found.count < count {
            let start = lines.offset
            if let element = lines.next() {
                if let read = self.element(element, from: start) { found.append(read) }
            } else if isOver || isInterrupted() {
                break
            } else if !found.isEmpty, left == nil {
                // What a pipe has given is not kept until it gives more.
                break
            } else if let piece = try nextPiece() {
                lines.append(piece)
            } else {
                isOver = true
                if !isInterrupted() { lines.end() }
            }
        }
        return found
    }

    private func element(_ element: LineBuffer.Element, from start: Int) -> Element? {
        let (number, end) = (lines.count, lines.offset)
        guard case .line(var line) = element else {
            let sentence = "is longer than \(RecordFormat.longestLine) bytes; this is no file of lines"
            return .bad(line: number, BadRecord(sentence: sentence), end: end)
        }
        if line.last == 0x0D { line = line.dropLast() }
        func record(_ message: Message) -> InputRecord {
            InputRecord(message: message, line: number, end: end, mark: LineMark.of(line))
        }
        switch format {
        case .lines:
            let message = Message(Body(Array(line)), id: makeID(start))
            return .record(record(message))
        case .ndjson, .body:
            if line.allSatisfy({ $0 == 0x20 || $0 == 0x09 }) { return nil }
            do throws(BadRecord) {
                let message = try MessageRecord.message(line, id: makeID(start))
                return .record(record(message))
            } catch { return .bad(line: number, error, end: end) }
        }
    }

    /// All that is left as one body.
    private func whole() throws(BrokerError) -> [Element] {
        if isOver { return [] }
        isOver = true
        var bytes: [UInt8] = []
        while let piece = try nextPiece() {
            bytes += piece
            if bytes.count > RecordFormat.largestBody {
                let limit = ByteCount(RecordFormat.largestBody).optionText
                throw BrokerError(.tooLarge, "\(descriptor.name) has more than \(limit); no body is as large")
            }
        }
        if isInterrupted() { return [] }
        let message = Message(Body(bytes), id: makeID(0))
        return [.record(InputRecord(message: message, line: 1, end: bytes.count, mark: 0))]
    }

    /// The next bytes, taken apart where they are compressed; nil at the end, and once it was interrupted.
    private func nextPiece() throws(BrokerError) -> [UInt8]? {
        while true {
            let most = min(left ?? Self.piece, Self.piece)
            if most == 0 { return try end() }
            let piece = try descriptor.read(most) { !isInterrupted() }
            if piece.isEmpty { return try end() }
            left = left.map { $0 - piece.count }
            guard let decompressor else { return piece }
            let bytes = try named { () throws(BrokerError) in try decompressor.decompress(piece) }
            if !bytes.isEmpty { return bytes }
        }
    }

    private func end() throws(BrokerError) -> [UInt8]? {
        if let decompressor, !decompressor.isBetweenParts, !isInterrupted() {
            throw BrokerError(
                .serialization, "\(descriptor.name.quoted) ends in the middle of what is compressed; it was cut off")
        }
        return nil
    }

    private func named<Value>(_ body: () throws(BrokerError) -> Value) throws(BrokerError) -> Value {
        do throws(BrokerError) { return try body() } catch {
            throw BrokerError(error.code, "\(descriptor.name.quoted) \(error.sentence)")
        }
    }
}
