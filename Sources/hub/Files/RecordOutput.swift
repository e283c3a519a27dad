import Foundation
import Messaging
import MessagingCodecs

/// Writes lines to a file, behind what is there, or to standard output; on a thread of its own. Several that wait for the
/// disk at once share one wait.
actor RecordOutput {
    private static let piece = 1 << 20

    private let descriptor: Descriptor
    private let compressor: (any Compressing)?
    private let executor: BlockingExecutor
    private var pending: [UInt8] = []
    private var added = 0
    private var synced = 0
    /// How long the file is up to the last line that is on the disk; nil where it has no length.
    private var whole: Int?
    private var failure: BrokerError?

    nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

    private init(_ descriptor: Descriptor, _ compressor: (any Compressing)?) {
        self.descriptor = descriptor
        self.compressor = compressor
        executor = BlockingExecutor("hub.output")
    }

    /// Opens a file, which is made where it does not exist, or standard output for `-`. What a run that was ended has left
    /// half written at its end, and therefore never confirmed, is moved away; what was done is in the note. Throws what is
    /// wrong with it, and where another process writes to it.
    static func open(
        _ path: String, _ format: RecordFormat, isInterrupted: @escaping @Sendable () -> Bool = { false }
    ) async throws(BrokerError) -> (output: RecordOutput, note: String?) {
        if path == "-" { return (RecordOutput(Descriptor(stream: 1, "-"), nil), nil) }
        let compression = Compression(path: path)
        let output = RecordOutput(try Descriptor(writing: path), try compression?.compressor())
        return (output, try await output.prepare(path, compression, format, isInterrupted))
    }

    private func prepare(
        _ path: String, _ compression: Compression?, _ format: RecordFormat, _ isInterrupted: () -> Bool
    ) throws(BrokerError) -> String? {
        try descriptor.claim()
        let note = try FileEnd(descriptor, path: path).mend(compression, format, isInterrupted)
        try FileEnd.syncFolder(of: path)
        whole = descriptor.size
        return note
    }

    /// Adds a line, and returns its number, which `sync` takes.
    func add(_ line: [UInt8]) throws(BrokerError) -> Int {
        if let failure { throw failure }
        pending += line
        pending.append(0x0A)
        added += 1
        if pending.count >= Self.piece { try attempt { () throws(BrokerError) in try self.write() } }
        return added
    }

    /// Returns once the line of this number is on the disk.
    func sync(_ number: Int) throws(BrokerError) {
        if number <= synced { return }
        if let failure { throw failure }
        try attempt { () throws(BrokerError) in
            try self.write()
            if let compressor = self.compressor { try self.descriptor.write(try compressor.finishPart()) }
            try self.descriptor.sync()
        }
        synced = added
        whole = descriptor.size
    }

    private func write() throws(BrokerError) {
        if pending.isEmpty { return }
        let bytes = pending
        pending = []
        try descriptor.write(try compressor?.compress(bytes) ?? bytes)
    }

    /// After a failure nothing more is written, and a file ends where it did when it was last on the disk.
    private func attempt(_ body: () throws(BrokerError) -> Void) throws(BrokerError) {
        do throws(BrokerError) { try body() } catch {
            failure = error
            if let whole { ftruncate(descriptor.number, off_t(whole)) }
            throw error
        }
    }
}

/// The end of a file that is to be written on.
struct FileEnd {
    private let descriptor: Descriptor
    private let path: String

    init(_ descriptor: Descriptor, path: String) {
        self.descriptor = descriptor
        self.path = path
    }

    /// Sees to it that the file ends with a whole line; what was done, if anything. Throws where its end is nobody's that
    /// this program knows.
    func mend(
        _ compression: Compression?, _ format: RecordFormat, _ isInterrupted: () -> Bool
    ) throws(BrokerError) -> String? {
        guard let size = descriptor.size, size > 0 else { return nil }
        if let compression { return try mend(compression, size, isInterrupted) }
        let start = try lastLine(size)
        if start == size { return nil }
        let line = try read(start, size - start)
        if format == .ndjson, (try? MessageRecord.message(line, id: MessageID())) == nil {
            guard line.starts(with: Self.beginning.prefix(line.count)) else {
                throw unknown("its last line has no end, and is no message")
            }
            return try moveAway(from: start, size)
        }
        try descriptor.write([0x0A])
        let doubt = format == .ndjson ? "" : "; whether that line is whole cannot be told"
        return "\(path.quoted) did not end with the end of a line; it was added\(doubt)"
    }

    /// What every line begins with that is written here.
    private static let beginning = Array(#"{"id":""#.utf8)

    private func mend(
        _ compression: Compression, _ size: Int, _ isInterrupted: () -> Bool
    ) throws(BrokerError) -> String? {
        let decompressor = try compression.decompressor()
        var place = 0
        while place < size {
            if isInterrupted() { throw BrokerError(.cancelled, "\(path.quoted) was not read to its end") }
            let piece = try read(place, min(1 << 18, size - place))
            place += piece.count
            var rest = piece[...]
            while !rest.isEmpty || decompressor.hasMore {
                var output: [UInt8] = []
                do throws(BrokerError) {
                    rest = rest.dropFirst(try decompressor.decompress(rest, into: &output, limit: 1 << 20))
                } catch {
                    throw BrokerError(error.code, "\(path.quoted) \(error.sentence); name another file")
                }
            }
        }
        if decompressor.isBetweenParts { return nil }
        return try moveAway(from: decompressor.wholePartsEnd, size)
    }

    /// Moves what stands behind a place to a file of its own: it was never confirmed, and is gone nevertheless to nobody.
    private func moveAway(from start: Int, _ size: Int) throws(BrokerError) -> String {
        let torn = path + ".torn"
        let copy = try Descriptor(torn, O_WRONLY | O_CREAT | O_APPEND)
        var place = start
        while place < size {
            let piece = try read(place, min(1 << 20, size - place))
            try copy.write(piece)
            place += piece.count
        }
        try copy.sync()
        if ftruncate(descriptor.number, off_t(start)) != 0 { throw Descriptor.failure(errno, path, "cut") }
        return "\(path.quoted) ended in the middle of what was never confirmed; that is in \(torn.quoted) now"
    }

    private func unknown(_ why: String) -> BrokerError {
        BrokerError(.invalidArgument, "\(path.quoted) cannot be written on: \(why); name another file")
    }

    /// Where the last line begins; the end of the file where that ends with the end of a line.
    private func lastLine(_ size: Int) throws(BrokerError) -> Int {
        var end = size
        while end > 0 {
            let start = max(0, end - 65_536)
            let piece = try read(start, end - start)
            if let newline = piece.lastIndex(of: 0x0A) { return start + newline + 1 }
            end = start
        }
        return 0
    }

    private func read(_ start: Int, _ count: Int) throws(BrokerError) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: count)
        let got = bytes.withUnsafeMutableBytes { pread(descriptor.number, $0.baseAddress, $0.count, off_t(start)) }
        if got <= 0 { throw Descriptor.failure(got < 0 ? errno : EIO, path, "read") }
        return Array(bytes.prefix(got))
    }

    /// A file that was just made is there after a crash only once its folder is on the disk.
    static func syncFolder(of path: String) throws(BrokerError) {
        let folder = (path as NSString).deletingLastPathComponent
        let number = open(folder.isEmpty ? "." : folder, O_RDONLY | O_CLOEXEC)
        if number < 0 { return }
        fsync(number)
        close(number)
    }
}
