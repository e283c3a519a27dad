/// Whether text has colours: on a terminal that can, unless `NO_COLOR` asks for none.
struct TextStyle: Hashable, Sendable {
    /// Whether there are any.
    let isColoured: Bool

    /// Without colours.
    static let plain = TextStyle(isColoured: false)

    /// A style; with colours or without.
    init(isColoured: Bool) { self.isColoured = isColoured }

    /// The style for a stream with this environment (no-color.org).
    init(isTerminal: Bool, environment: [String: String]) {
        let refuses = environment["NO_COLOR"].map { !$0.isEmpty } ?? false
        isColoured = isTerminal && !refuses && environment["TERM"] != "dumb"
    }

    /// Empties a terminal, so that what follows stands at its top; nothing where there is none.
    var clearScreen: String { isColoured ? "\u{1B}[H\u{1B}[2J" : "" }

    func bold(_ text: String) -> String { wrap(text, "1") }
    func dim(_ text: String) -> String { wrap(text, "2") }
    func red(_ text: String) -> String { wrap(text, "31") }
    func green(_ text: String) -> String { wrap(text, "32") }
    func yellow(_ text: String) -> String { wrap(text, "33") }

    private func wrap(_ text: String, _ code: String) -> String {
        isColoured && !text.isEmpty ? "\u{1B}[\(code)m\(text)\u{1B}[0m" : text
    }
}
