import Foundation
import Messaging
import MessagingCodecs

/// Writes lines to a file, behind what is there, or to standard output; on a thread of its own. Several that wait for the
/// disk at once share one wait.
actor RecordOutput {
    private static let piece = 1 << 20

    private let descriptor: Descriptor
    private let compressor: (any Compressing)?
    private let executor = BlockingExecutor("hub.output")
    private var pending: [UInt8] = []
    private var added = 0
    private var synced = 0
    private var failure: BrokerError?
    /// What was found at the end of the file, and what was done about it.
    nonisolated let note: String?

    nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

    /// Opens a file, which is made where it does not exist, or standard output for `-`. What a run that was ended has left
    /// half written at its end, and therefore never confirmed, is taken away. Throws what is wrong with it.
    init(_ path: String, _ format: RecordFormat) throws(BrokerError) {
        if path == "-" {
            (descriptor, compressor, note) = (Descriptor(stream: 1, "-"), nil, nil)
            return
        }
        let compression = Compression(path: path)
        compressor = try compression?.compressor()
        descriptor = try Descriptor(path, O_RDWR | O_CREAT | O_APPEND)
        note = try FileEnd(descriptor, path: path).mend(compression, format)
        try FileEnd.syncFolder(of: path)
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
    }

    private func write() throws(BrokerError) {
        if pending.isEmpty { return }
        let bytes = pending
        pending = []
        try descriptor.write(try compressor?.compress(bytes) ?? bytes)
    }

    /// After a failure nothing more is written: what is there may end in the middle of a line.
    private func attempt(_ body: () throws(BrokerError) -> Void) throws(BrokerError) {
        do throws(BrokerError) { try body() } catch {
            failure = error
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

    /// Sees to it that the file ends with a whole line; what was done, if anything.
    func mend(_ compression: Compression?, _ format: RecordFormat) throws(BrokerError) -> String? {
        guard let size = descriptor.size, size > 0 else { return nil }
        if let compression { return try mend(compression, size) }
        let start = try lastLine(size)
        if start == size { return nil }
        let line = try read(start, size - start)
        if format == .ndjson, (try? MessageRecord.message(line, id: MessageID())) == nil {
            try cut(to: start)
            return "\(path.quoted) ended in the middle of a line, which was never confirmed; it was taken away"
        }
        try descriptor.write([0x0A])
        let doubt = format == .ndjson ? "" : "; whether that line is whole cannot be told"
        return "\(path.quoted) did not end with the end of a line; it was added\(doubt)"
    }

    private func mend(_ compression: Compression, _ size: Int) throws(BrokerError) -> String? {
        let decompressor = try compression.decompressor()
        var place = 0
        while place < size {
            let piece = try read(place, min(1 << 20, size - place))
            place += piece.count
            do throws(BrokerError) { _ = try decompressor.decompress(piece) } catch {
                throw BrokerError(error.code, "\(path.quoted) \(error.sentence); name another file")
            }
        }
        if decompressor.isBetweenParts { return nil }
        try cut(to: decompressor.wholePartsEnd)
        return "\(path.quoted) ended in the middle of what is compressed, which was never confirmed; it was taken away"
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

    private func cut(to size: Int) throws(BrokerError) {
        if ftruncate(descriptor.number, off_t(size)) != 0 { throw Descriptor.failure(errno, path, "cut") }
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
