import Foundation
import Messaging

/// Up to where a file is copied, when its batches end in any order: the place before the first that has not.
actor FileTrack {
    /// Messages of a file, and the place behind them.
    struct Batch: Sendable {
        let number: Int
        let messages: [Message]
        let end: PositionFile.Place?
    }

    private let path: String
    private let file: PositionFile?
    private let lock: Descriptor?
    private let firstLine: Int
    private let executor = BlockingExecutor("hub.position")
    private let count = Lock(0)
    private let stopped = Lock<BrokerError?>(nil)
    private var finished: [Int: PositionFile.Place?] = [:]
    private var next = 0
    private(set) var place: PositionFile.Place
    private var saved: PositionFile.Place?
    private var savedAt = ContinuousClock.now

    nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

    /// Goes on where the group was, or begins where the options say, and puts the input there. Throws where the position is
    /// of another file.
    init(_ path: String, _ input: RecordInput, _ options: CopyOptions) async throws {
        self.path = path
        file = path == "-" ? nil : options.group.map { PositionFile(of: path, group: $0) }
        lock = try file?.claim()
        var start = PositionFile.Place()
        if case .position(let position)? = options.from { start.offset = Int(clamping: position.major) }
        if options.from == nil, let known = try file?.load() { start = known }
        if start.offset > 0 {
            let (passed, tail) = try await input.skip(start.offset)
            let isSame = passed == start.offset && (start.mark == 0 || LineMark.ofLastLine(tail) == start.mark)
            if !isSame {
                let what = file.map { "\($0.path.quoted) is a position in another file" } ?? "--from is behind the end"
                let remedy = file == nil ? "give a smaller number" : "remove it to begin at the first line"
                throw BrokerError(.positionGone, "\(path.quoted): \(what); \(remedy)")
            }
        }
        place = start
        firstLine = start.lines
    }

    /// A batch with the next number.
    nonisolated func batch(_ messages: [Message], up end: PositionFile.Place?) -> Batch {
        let number = count.withLock { count in
            defer { count += 1 }
            return count
        }
        return Batch(number: number, messages: messages, end: end)
    }

    /// What is wrong at a line.
    nonisolated func problem(_ line: Int, _ why: BadRecord) -> BrokerError {
        BrokerError(.invalidArgument, "\(path):\(firstLine + line): \(why.sentence)")
    }

    /// What the copy is to end with once what stands before it is done.
    nonisolated func stop(at problem: BrokerError) { stopped.withLock { $0 = $0 ?? problem } }

    /// Whether it is to end.
    nonisolated var isStopped: Bool { stopped.withLock { $0 != nil } }

    /// A batch is at the target for good.
    func finished(_ batch: Batch) throws {
        finished[batch.number] = batch.end
        while let end = finished.removeValue(forKey: next) {
            if let end {
                place = end
                place.lines += firstLine
            }
            next += 1
        }
        if ContinuousClock.now - savedAt > CopyRun.positionInterval { try save() }
    }

    /// Keeps the place. Throws what the copy was to end with.
    func end() throws {
        try save()
        if let problem = stopped.withLock({ $0 }) { throw problem }
    }

    private func save() throws {
        guard place != saved, place.offset > 0 else { return }
        try file?.save(place)
        (saved, savedAt) = (place, .now)
    }
}

/// The identity of the lines of a file that have none of their own: the same line of the same file is the same message,
/// whenever it is copied.
struct FileIdentity: Sendable {
    private let file: UInt64

    /// The lines of the file of this path: of this folder, and not of another one that takes its name later.
    init(_ path: String) {
        var status = stat()
        stat(path, &status)
        let place = URL(fileURLWithPath: path).resolvingSymlinksInPath().path
        file = LineMark.hash("\(place)\0\(status.st_dev)\0\(status.st_ino)".utf8)
    }

    /// The id of a line at this place.
    func id(_ offset: Int, _ line: ArraySlice<UInt8>) -> MessageID {
        MessageID(high: file, low: LineMark.hash(line, LineMark.hash("\(offset)\0".utf8)))
    }
}
