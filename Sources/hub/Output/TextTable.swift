/// A table of texts, its columns as wide as they need to be. Pure.
struct TextTable: Sendable {
    /// A cell: its text, and how it is written.
    struct Cell: Sendable {
        let text: String
        let write: @Sendable (String) -> String

        init(_ text: String, _ write: @escaping @Sendable (String) -> String = { $0 }) {
            self.text = text
            self.write = write
        }
    }

    private let headings: [String]
    private var rows: [[Cell]] = []

    /// A table with these headings; without any where there are none.
    init(_ headings: [String] = []) { self.headings = headings }

    mutating func add(_ cells: [Cell]) { rows.append(cells) }

    /// A row of these texts.
    mutating func add(_ texts: String...) { rows.append(texts.map { Cell($0) }) }

    /// The lines, the headings first; no line ends in blanks. Where there is a `width`, columns are made narrower, the widest
    /// first, by breaking their texts between words, until the lines are no longer than that or no text can be broken.
    func lines(_ style: TextStyle, indent: Int = 0, width: Int? = nil) -> [String] {
        let all = (headings.isEmpty ? [] : [headings.map { Cell($0, style.bold) }]) + rows
        let widths = Self.widths(of: all, within: width.map { $0 - indent })
        let margin = String(repeating: " ", count: indent)
        return all.flatMap { cells in
            let parts = cells.enumerated().map { $1.text.wrapped(at: widths[$0]) }
            return (0..<(parts.map(\.count).max() ?? 0)).map { line in
                let texts = parts.map { line < $0.count ? $0[line] : "" }
                let last = texts.lastIndex { !$0.isEmpty } ?? 0
                return margin
                    + texts.prefix(last + 1).enumerated().map { column, text in
                        let padding = column == last ? 0 : widths[column] - text.count + 2
                        return cells[column].write(text) + String(repeating: " ", count: padding)
                    }.joined()
            }
        }
    }

    private static func widths(of rows: [[Cell]], within width: Int?) -> [Int] {
        let columns = rows.map(\.count).max() ?? 0
        func widest(_ column: Int, _ measure: (String) -> Int) -> Int {
            rows.map { column < $0.count ? measure($0[column].text) : 0 }.max() ?? 0
        }
        var widths = (0..<columns).map { widest($0, \.count) }
        guard let width else { return widths }
        let least = (0..<columns).map { column in
            widest(column) { text in text.split(separator: " ").map(\.count).max() ?? 0 }
        }
        while widths.reduce(2 * (columns - 1), +) > width,
            let column = widths.indices.filter({ widths[$0] > least[$0] }).max(by: { widths[$0] < widths[$1] })
        {
            widths[column] -= 1
        }
        return widths
    }
}
