/// Lines out of pieces of a file, each piece added as it comes. Pure.
///
/// Of a line that is longer than allowed only that is told, its bytes being passed over: no more than one line of the
/// longest length is kept.
struct LineBuffer: Sendable {
    /// What is next.
    enum Element: Hashable, Sendable {
        /// A line, without its end.
        case line(ArraySlice<UInt8>)
        /// One that is longer than allowed.
        case tooLong
    }

    private let longest: Int
    private var buffer: [UInt8] = []
    private var start = 0
    /// Up to where there is no end of a line.
    private var searched = 0
    private var isPassing = false
    private var isAtEnd = false
    /// How many lines were handed out.
    private(set) var count = 0
    /// Where the next line begins: how many bytes the lines so far had, with their ends.
    private(set) var offset = 0

    /// Lines of at most this many bytes. `offset`: how many bytes came before the first piece.
    init(longest: Int, offset: Int = 0) {
        self.longest = longest
        self.offset = offset
    }

    /// Adds what comes next.
    mutating func append(_ piece: [UInt8]) {
        searched -= start
        buffer = start == buffer.count ? piece : Array(buffer[start...]) + piece
        start = 0
    }

    /// Whether something is left that has no end of a line.
    var hasUnfinished: Bool { start < buffer.count }

    /// Nothing comes any more: what is left is the last line.
    mutating func end() { isAtEnd = true }

    /// What is next; nil where more has to come before that is known, and at the end.
    mutating func next() -> Element? {
        while true {
            if let end = buffer[searched...].firstIndex(of: 0x0A) {
                let line = buffer[start..<end]
                advance(to: end + 1)
                defer { isPassing = false }
                if isPassing { continue }
                return handOut(line)
            }
            searched = buffer.count
            if isAtEnd, start < buffer.count {
                let line = buffer[start...]
                advance(to: buffer.count)
                defer { isPassing = false }
                if isPassing { continue }
                return handOut(line)
            }
            if isPassing {
                advance(to: buffer.count)
            } else if buffer.count - start > longest {
                advance(to: buffer.count)
                isPassing = true
                count += 1
                return .tooLong
            }
            return nil
        }
    }

    private mutating func handOut(_ line: ArraySlice<UInt8>) -> Element {
        count += 1
        return line.count > longest ? .tooLong : .line(line)
    }

    private mutating func advance(to index: Int) {
        offset += index - start
        (start, searched) = (index, index)
    }
}
