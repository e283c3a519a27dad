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

    init(_ headings: [String]) { self.headings = headings }

    mutating func add(_ cells: [Cell]) { rows.append(cells) }

    /// The lines, the headings first; no line ends in blanks.
    func lines(_ style: TextStyle) -> [String] {
        let all = [headings.map { Cell($0, style.bold) }] + rows
        let columns = all.map(\.count).max() ?? 0
        let widths = (0..<columns).map { column in
            all.map { column < $0.count ? $0[column].text.count : 0 }.max() ?? 0
        }
        return all.map { cells in
            cells.enumerated().map { column, cell in
                let isLast = column == cells.count - 1
                let padding = isLast ? "" : String(repeating: " ", count: widths[column] - cell.text.count + 2)
                return cell.write(cell.text) + padding
            }.joined()
        }
    }
}
