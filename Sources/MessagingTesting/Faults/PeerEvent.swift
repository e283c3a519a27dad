public import Messaging

/// One line of what a peer process reports on its standard output, at the moment when it knows it.
///
/// A line is written in one piece and is at most 512 bytes, so that a pipe holds whole lines alone, however the process
/// ends. The word, a space, and what it is about:
///
/// ```
/// ready
/// confirmed 01K9Z3…       the broker has confirmed the message with this id
/// refused 01K9Z3…         it is not there
/// unknown 01K9Z3…         it may be
/// received 01K9Z3… 2      it was handed out, with this attempt
/// settled 01K9Z3…         its acceptance was answered with `settled`
/// stale 01K9Z3…           it was answered otherwise
/// failed the sentence     the process can do no more, and ends with status 1
/// ```
public enum PeerEvent: Hashable, Sendable {
    /// Connected, declared and subscribed as ordered: the work begins.
    case ready
    /// A publish was confirmed.
    case confirmed(MessageID)
    /// A publish was refused.
    case refused(MessageID)
    /// A publish may have happened.
    case unknown(MessageID)
    /// A delivery was received, with its attempt.
    case received(MessageID, attempt: Int)
    /// A delivery was accepted for good.
    case settled(MessageID)
    /// A delivery could not be accepted.
    case stale(MessageID)
    /// It can do no more, for this reason; also a line that is none of these.
    case failed(String)

    /// What a line says.
    public init(line: String) {
        let words = line.split(separator: " ", omittingEmptySubsequences: false)
        let id = words.count > 1 ? MessageID(String(words[1])) : nil
        switch (words.first, id, words.count) {
        case ("ready", nil, 1): self = .ready
        case ("confirmed", let id?, 2): self = .confirmed(id)
        case ("refused", let id?, 2): self = .refused(id)
        case ("unknown", let id?, 2): self = .unknown(id)
        case ("settled", let id?, 2): self = .settled(id)
        case ("stale", let id?, 2): self = .stale(id)
        case ("received", let id?, 3):
            self =
                Int(words[2]).map { .received(id, attempt: $0) } ?? .failed("reported no attempt: \(line)")
        case ("failed", _, 2...): self = .failed(String(line.dropFirst("failed ".count)))
        default: self = .failed("reported a line that has no meaning: \(line)")
        }
    }

    /// The line, without its end.
    public var line: String {
        switch self {
        case .ready: "ready"
        case .confirmed(let id): "confirmed \(id)"
        case .refused(let id): "refused \(id)"
        case .unknown(let id): "unknown \(id)"
        case .received(let id, let attempt): "received \(id) \(attempt)"
        case .settled(let id): "settled \(id)"
        case .stale(let id): "stale \(id)"
        case .failed(let sentence): "failed \(sentence.split(whereSeparator: \.isNewline).joined(separator: " "))"
        }
    }
}
