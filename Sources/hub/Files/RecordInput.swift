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
        case bad(line: Int, BadRecord, end: Int, mark: UInt64)
    }

    private static let piece = 1 << 18
    /// How many bytes of lines are handed out at once, where one line is not larger.
    private static let batch = 8 << 20
    /// How many of the last bytes before a position are looked at: a line's, and its end.
    private static let tailLength = LineMark.length + 2

    private let descriptor: Descriptor
    private let format: RecordFormat
    private let isInterrupted: @Sendable () -> Bool
    private let makeID: @Sendable (_ offset: Int, _ line: ArraySlice<UInt8>) -> MessageID
    /// Whether a last line without an end is left for later.
    private let leavesUnfinished: Bool
    private let decompressor: (any Decompressing)?
    private let executor = BlockingExecutor("hub.input")
    private var lines: LineBuffer
    private var isOver = false
    private var tail: [UInt8] = []
    /// What was read and is not taken apart yet.
    private var packed: ArraySlice<UInt8> = []
    /// What is to be thrown once what came before it is handed out.
    private var failure: BrokerError?
    /// A regular file is read up to where it ended when it was opened: one that grows has an end, too.
    private var left: Int?

    nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

    /// Opens a file, or standard input for `-`. Throws what is wrong with it.
    init(
        _ path: String, _ format: RecordFormat, leavingUnfinished: Bool = false,
        isInterrupted: @escaping @Sendable () -> Bool,
        makeID: @escaping @Sendable (_ offset: Int, _ line: ArraySlice<UInt8>) -> MessageID = { _, _ in MessageID() }
    ) throws(BrokerError) {
        descriptor = path == "-" ? Descriptor(stream: 0, "-") : try Descriptor(path, O_RDONLY | O_NONBLOCK)
        decompressor = try Compression(path: path)?.decompressor()
        lines = LineBuffer(longest: RecordFormat.longestLine)
        // A file of the system says that it has nothing, and has something.
        left = descriptor.size.flatMap { $0 > 0 ? $0 : nil }
        leavesUnfinished = leavingUnfinished && descriptor.size != nil && format != .body
        self.format = format
        self.isInterrupted = isInterrupted
        self.makeID = makeID
    }

    /// Whether its last line had no end, and was left for later.
    private(set) var hasUnfinished = false

    /// How many bytes there are to read, compressed as they are; nil for a pipe.
    nonisolated var size: Int? { descriptor.size }

    /// Passes over this many bytes, and returns the last of them, by which a file is known again; fewer where it ends before.
    func skip(_ count: Int) throws(BrokerError) -> (passed: Int, tail: [UInt8]) {
        if decompressor == nil, let size = descriptor.size, size > 0 {
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

    /// The next messages, at least one and at most `count`; none at the end, and once it was interrupted. What cannot be read
    /// any further is thrown once everything before it was handed out.
    func next(upTo count: Int) throws(BrokerError) -> [Element] {
        if format == .body { return try whole() }
        var found: [Element] = []
        let start = lines.offset
        do throws(BrokerError) {
            while found.count < count, lines.offset - start < Self.batch {
                let place = lines.offset
                if let element = lines.next() {
                    if let read = self.element(element, from: place) { found.append(read) }
                } else if let failure {
                    throw failure
                } else if isOver || isInterrupted() {
                    break
                } else if !found.isEmpty, left == nil {
                    // What a pipe has given is not kept until it gives more.
                    break
                } else if let piece = try nextPiece() {
                    lines.append(piece)
                } else {
                    end(of: isInterrupted())
                }
            }
        } catch {
            failure = error
            if found.isEmpty { throw error }
        }
        return found
    }

    private func end(of isInterrupted: Bool) {
        isOver = true
        if isInterrupted { return }
        if leavesUnfinished, lines.hasUnfinished { hasUnfinished = true } else { lines.end() }
    }

    private func element(_ element: LineBuffer.Element, from start: Int) -> Element? {
        let (number, end) = (lines.count, lines.offset)
        guard case .line(var line) = element else {
            let sentence = "is longer than \(RecordFormat.longestLine) bytes; this is no file of lines"
            return .bad(line: number, BadRecord(sentence: sentence), end: end, mark: 0)
        }
        if line.last == 0x0D { line = line.dropLast() }
        func record(_ message: Message) -> InputRecord {
            InputRecord(message: message, line: number, end: end, mark: LineMark.of(line))
        }
        switch format {
        case .lines:
            let message = Message(Body(Array(line)), id: makeID(start, line))
            return .record(record(message))
        case .ndjson, .body:
            if line.allSatisfy({ $0 == 0x20 || $0 == 0x09 }) { return nil }
            do throws(BadRecord) {
                let message = try MessageRecord.message(line, id: makeID(start, line))
                return .record(record(message))
            } catch { return .bad(line: number, error, end: end, mark: LineMark.of(line)) }
        }
    }

    /// All that is left as one body.
    private func whole() throws(BrokerError) -> [Element] {
        if isOver { return [] }
        isOver = true
        // Where a group has been here, all of it was one message.
        if lines.offset > 0 { return [] }
        var bytes: [UInt8] = []
        while let piece = try nextPiece() {
            bytes += piece
            if bytes.count > RecordFormat.largestBody {
                let limit = ByteCount(RecordFormat.largestBody).optionText
                throw BrokerError(.tooLarge, "\(descriptor.name) has more than \(limit); no body is as large")
            }
        }
        if isInterrupted() { return [] }
        let message = Message(Body(bytes), id: makeID(0, bytes[...]))
        return [.record(InputRecord(message: message, line: 1, end: bytes.count, mark: 0))]
    }

    /// The next bytes, taken apart where they are compressed; nil at the end, and once it was interrupted.
    private func nextPiece() throws(BrokerError) -> [UInt8]? {
        while true {
            if let decompressor, !packed.isEmpty || decompressor.hasMore {
                var bytes: [UInt8] = []
                do throws(BrokerError) {
                    packed = packed.dropFirst(try decompressor.decompress(packed, into: &bytes, limit: 1 << 20))
                } catch {
                    failure = BrokerError(error.code, "\(descriptor.name.quoted) \(error.sentence); name another file")
                    packed = []
                }
                if !bytes.isEmpty { return bytes }
                if let failure { throw failure }
                continue
            }
            let most = min(left ?? Self.piece, Self.piece)
            if most == 0 { return try end() }
            let piece = try descriptor.read(most) { !isInterrupted() }
            if piece.isEmpty { return try end() }
            left = left.map { $0 - piece.count }
            if decompressor == nil { return piece }
            packed = piece[...]
        }
    }

    private func end() throws(BrokerError) -> [UInt8]? {
        if let decompressor, !decompressor.isBetweenParts, !isInterrupted() {
            throw BrokerError(
                .serialization, "\(descriptor.name.quoted) ends in the middle of what is compressed; it was cut off")
        }
        return nil
    }
}
