import Foundation
import Messaging
import MessagingHub

/// Up to where a group has copied a file: `<file>.<group>.pos`, replaced as a whole, and on the disk when `save` returns.
///
/// `{"offset": 1042, "lines": 17, "mark": "…"}`: the bytes and lines up to there, and a mark of the last of these lines, by
/// which a file is told from another one that has taken its name.
struct PositionFile: Sendable {
    /// A place in a file.
    struct Place: Hashable, Sendable {
        var offset = 0
        var lines = 0
        /// `LineMark` of the last line; 0 where there is none.
        var mark: UInt64 = 0
    }

    /// The position's own file.
    let path: String

    init(of file: String, group: String) { path = "\(file).\(group).pos" }

    /// Takes the position for this process as long as what is returned lives. Throws where another one has it.
    func claim() throws(BrokerError) -> Descriptor {
        let lock = try Descriptor(path + ".lock", O_RDWR | O_CREAT)
        try lock.claim()
        return lock
    }

    /// The place that was saved; nil where none was. Throws where it cannot be read or is none.
    func load() throws(BrokerError) -> Place? {
        var isFolder = ObjCBool(false)
        if !FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) { return nil }
        let descriptor = try Descriptor(path, O_RDONLY)
        let bytes = try descriptor.read(4096) { true }
        guard let object = (try? JSONSerialization.jsonObject(with: Data(bytes))) as? [String: Any],
            let offset = object["offset"] as? Int, offset >= 0, let lines = object["lines"] as? Int, lines >= 0,
            let mark = (object["mark"] as? String).flatMap({ UInt64($0, radix: 16) })
        else {
            let remedy = "remove it to begin at the first line"
            throw BrokerError(.invalidArgument, "\(path.quoted) is no position of hub copy; \(remedy)")
        }
        return Place(offset: offset, lines: lines, mark: mark)
    }

    /// Replaces the place.
    func save(_ place: Place) throws(BrokerError) {
        let text = JSONText.object([
            ("offset", String(place.offset)), ("lines", String(place.lines)),
            ("mark", JSONText.quoted(String(place.mark, radix: 16))),
        ])
        let new = path + ".new"
        let descriptor = try Descriptor(new, O_WRONLY | O_CREAT | O_TRUNC)
        try descriptor.write(Array((text + "\n").utf8))
        try descriptor.sync()
        if rename(new, path) != 0 { throw Descriptor.failure(errno, path, "written") }
        try FileEnd.syncFolder(of: path)
    }
}

/// What a line is known by again: a hash of its last bytes.
enum LineMark {
    /// How many of the last bytes of a line count.
    static let length = 4096

    /// The mark of a line without its end.
    static func of(_ line: ArraySlice<UInt8>) -> UInt64 {
        hash((line.last == 0x0D ? line.dropLast() : line).suffix(length))
    }

    /// The mark of the last line of what these bytes are the end of.
    static func ofLastLine(_ bytes: [UInt8]) -> UInt64 {
        var text = bytes[...]
        if text.last == 0x0A { text = text.dropLast() }
        let start = text.lastIndex(of: 0x0A).map { $0 + 1 } ?? text.startIndex
        return of(text[start...])
    }

    /// FNV-1a, 64 bits.
    static func hash(_ bytes: some Sequence<UInt8>, _ seed: UInt64 = 0xCBF2_9CE4_8422_2325) -> UInt64 {
        bytes.reduce(seed) { ($0 ^ UInt64($1)) &* 0x0000_0100_0000_01B3 }
    }
}
