import Messaging

/// The last line of a terminal, which shows how far something is: replaced in place, and nothing of it stays.
final class ProgressLine: Sendable {
    private let isOver = Lock(false)
    private let write: @Sendable (String) -> Void

    /// A line that is written by this.
    init(_ write: @escaping @Sendable (String) -> Void) { self.write = write }

    /// Shows a text instead of the last one, cut off at the right edge: a line that is wrapped could not be replaced.
    func show(_ text: String) {
        isOver.withLock { if !$0 { write("\r\u{1B}[K\u{1B}[?7l\(text)\u{1B}[?7h") } }
    }

    /// Takes the line away, so that something else can be written; the next text is shown again.
    func remove() { isOver.withLock { if !$0 { write(Self.nothing) } } }

    /// Takes the line away for good, whoever may still want to show something.
    func end() {
        isOver.withLock { isOver in
            if !isOver { write(Self.nothing) }
            isOver = true
        }
    }

    private static let nothing = "\r\u{1B}[K"
}
