extension DestinationKind: OptionValue {}
extension TopicPattern.Style: OptionValue {}
extension DestinationDeclaration.Order: OptionValue {}
extension DestinationDeclaration.WhenFull: OptionValue {}
extension HeaderFilter.Match: OptionValue {}

extension LogRecord.Level: OptionValue {
    /// The allowed words.
    public static var typeDescription: String { "one of \(allCases.map(\.word).joined(separator: ", "))" }
    /// One of the words.
    public static var optionForm: OptionForm { .word(allCases.map(\.word)) }
    /// One of the allowed words.
    public init?(optionText text: String) {
        guard let level = Self.allCases.first(where: { $0.word == text }) else { return nil }
        self = level
    }
    /// The word.
    public var optionText: String { word }
}

extension StartPosition: OptionValue {
    /// `earliest, latest, a time (2026-11-21T15:04:05Z), a position (1042, 1042-7) or position:TEXT`.
    public static var typeDescription: String {
        "earliest, latest, a time (2026-11-21T15:04:05Z), a position (1042, 1042-7) or position:TEXT"
    }
    /// A text of one of these forms.
    public static var optionForm: OptionForm {
        let day = "[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])"
        let time = "([01][0-9]|2[0-3]):[0-5][0-9]:([0-5][0-9]|60)([.][0-9]+)?"
        let offset = "([Zz]|[+-]([01][0-9]|2[0-3]):[0-5][0-9])"
        let position = "(0|[1-9][0-9]*)(-[1-9][0-9]*)?"
        return .text(pattern: "^(earliest|latest|\(position)|\(day)[Tt ]\(time)\(offset)|position:.+)$")
    }

    /// `earliest`, `latest`, a time of RFC 3339, a position of one or two numbers, or any position after `position:`.
    public init?(optionText text: String) {
        switch text {
        case "earliest": self = .earliest
        case "latest": self = .latest
        default:
            if let time = Timestamp(text) {
                self = .time(time)
            } else if text.hasPrefix("position:"), let position = Position(String(text.dropFirst(9))) {
                self = .position(position)
            } else if let position = Position(text), Position(major: position.major, minor: position.minor) == position
            {
                self = .position(position)
            } else {
                return nil
            }
        }
    }

    /// As it is read; a time to the millisecond.
    public var optionText: String {
        switch self {
        case .earliest: "earliest"
        case .latest: "latest"
        case .time(let time): time.description
        case .position(let position): "position:\(position)"
        }
    }
}
