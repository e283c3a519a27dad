import Foundation
import Messaging
import MessagingHub

/// Up to where a group has copied a file: `<file>.<group>.pos`, replaced as a whole, and on the disk when `save` returns.
///
/// `{"offset": 1042, "lines": 17, "tail": "…"}`: the bytes and lines up to there, and the last of these bytes in base64, by
/// which a file is told from another one that has taken its name.
struct PositionFile: Sendable {
    /// A place in a file.
    struct Place: Hashable, Sendable {
        var offset = 0
        var lines = 0
        var tail: [UInt8] = []
    }

    /// The position's own file.
    let path: String

    init(of file: String, group: String) { path = "\(file).\(group).pos" }

    /// The place that was saved; nil where none was. Throws where it cannot be read or is none.
    func load() throws(BrokerError) -> Place? {
        var isFolder = ObjCBool(false)
        if !FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) { return nil }
        let descriptor = try Descriptor(path, O_RDONLY)
        let bytes = try descriptor.read(4096) { true }
        guard let object = (try? JSONSerialization.jsonObject(with: Data(bytes))) as? [String: Any],
            let offset = object["offset"] as? Int, offset >= 0, let lines = object["lines"] as? Int, lines >= 0,
            let tail = (object["tail"] as? String).flatMap({ Data(base64Encoded: $0) })
        else {
            let remedy = "remove it to begin at the first line"
            throw BrokerError(.invalidArgument, "\(path.quoted) is no position of hub copy; \(remedy)")
        }
        return Place(offset: offset, lines: lines, tail: [UInt8](tail))
    }

    /// Replaces the place.
    func save(_ place: Place) throws(BrokerError) {
        let text = JSONText.object([
            ("offset", String(place.offset)), ("lines", String(place.lines)),
            ("tail", JSONText.quoted(Data(place.tail).base64EncodedString())),
        ])
        let new = path + ".new"
        let descriptor = try Descriptor(new, O_WRONLY | O_CREAT | O_TRUNC)
        try descriptor.write(Array((text + "\n").utf8))
        try descriptor.sync()
        if rename(new, path) != 0 { throw Descriptor.failure(errno, path, "written") }
        try FileEnd.syncFolder(of: path)
    }
}
