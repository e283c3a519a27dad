import Dispatch
import Foundation
import Messaging

/// A pseudo-terminal, and what a program has written to it.
final class Terminal: Sendable {
    /// The program's end. Closed here by `end`, so that its last writer is the program.
    let program: FileHandle
    private let record = Record()

    private final class Record: Sendable {
        let bytes = Lock([UInt8]())
        let hasEnded = Lock(false)
    }

    /// A terminal, read by a thread of its own for as long as somebody has the program's end open.
    init() throws {
        var (ours, theirs): (Int32, Int32) = (0, 0)
        if openpty(&ours, &theirs, nil, nil, nil) != 0 {
            throw BrokerError(.unavailable, "there is no pseudo-terminal; mount devpts")
        }
        for end in [ours, theirs] { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        program = FileHandle(fileDescriptor: theirs, closeOnDealloc: false)
        Thread.detachNewThread { [ours, record] in
            var piece = [UInt8](repeating: 0, count: 4096)
            while case let count = read(ours, &piece, piece.count), count > 0 {
                record.bytes.withLock { $0 += piece.prefix(count) }
            }
            close(ours)
            record.hasEnded.withLock { $0 = true }
        }
    }

    /// Everything that was written.
    var text: String { String(decoding: record.bytes.withLock { $0 }, as: UTF8.self) }

    /// What the screen shows of it, where it is this wide: its lines, without blanks at their ends.
    func screen(width: Int) -> [String] { Screen(text, width: width).lines }

    /// Returns once the program has ended and all that it wrote is there.
    func end() async throws {
        try program.close()
        try await condition { record.hasEnded.withLock { $0 } }
    }
}

/// What a terminal makes of the few sequences that the command writes.
private struct Screen {
    private var cells: [[Character]] = [[]]
    private var (row, column) = (0, 0)
    private var wraps = true

    init(_ text: String, width: Int) {
        var rest = Substring(text.replacing("\r\n", with: "\n\r"))
        while let character = rest.popFirst() {
            switch character {
            case "\r": column = 0
            case "\n": down()
            case "\u{1B}" where rest.hasPrefix("[K"): cells[row].removeLast(max(0, cells[row].count - column))
            case "\u{1B}" where rest.hasPrefix("[?7l"): wraps = false
            case "\u{1B}" where rest.hasPrefix("[?7h"): wraps = true
            case "\u{1B}": put("?", width)
            default:
                put(character, width)
                continue
            }
            if character == "\u{1B}" { rest = rest.drop { !$0.isLetter }.dropFirst() }
        }
    }

    private mutating func put(_ character: Character, _ width: Int) {
        if column == width, wraps {
            down()
            column = 0
        }
        column = min(column, width - 1)
        cells[row] += Array(repeating: " ", count: max(0, column + 1 - cells[row].count))
        cells[row][column] = character
        column += 1
    }

    private mutating func down() {
        row += 1
        if row == cells.count { cells.append([]) }
    }

    var lines: [String] {
        let lines = cells.map { String($0).replacing(#/ +$/#, with: "") }
        return Array(lines.reversed().drop(while: \.isEmpty).reversed())
    }
}
