import Messaging
import MessagingHub

/// What `hub brokers --fidelity` prints: of each type of broker, what the others cannot carry of its messages. Pure.
enum FidelityText {
    static func table(_ profiles: [BrokerProfile], _ style: TextStyle) -> String {
        var table = TextTable(["from \\ to"] + profiles.map(\.type.name))
        var legend: [Character: String] = [:]
        for source in profiles {
            let cells = profiles.map { target -> TextTable.Cell in
                if source.type == target.type { return .init("-", style.dim) }
                let losses = FidelitySide(source).losses(to: FidelitySide(target))
                for loss in losses { legend[loss.letter] = loss.meaning }
                let letters = String(losses.map(\.letter).sorted())
                return letters.isEmpty ? .init("all", style.green) : .init(letters, style.yellow)
            }
            table.add([.init(source.type.name)] + cells)
        }
        let lines = legend.sorted { $0.key < $1.key }.map { "\($0.key)  \($0.value)" }
        return (table.lines(style) + ["", "all: everything is carried; else what is not, or not in full:"] + lines)
            .joined(separator: "\n")
    }
}

extension FidelityLoss {
    /// In a column.
    fileprivate var letter: Character {
        switch self {
        case .priority, .priorities: "p"
        case .delay: "d"
        case .expiration: "e"
        case .nullBody: "n"
        case .binaryHeaders: "h"
        case .headerLines: "l"
        case .bodies: "b"
        case .headers: "c"
        case .headerNames: "a"
        case .headerValues: "v"
        case .fields: "k"
        }
    }

    /// What the letter stands for.
    fileprivate var meaning: String {
        switch self {
        case .priority, .priorities: "priorities, or the higher ones"
        case .delay: "delays"
        case .expiration: "expirations"
        case .nullBody: "null bodies"
        case .binaryHeaders: "header values that are not text"
        case .headerLines: "header values that are not one line of text"
        case .bodies: "the largest bodies"
        case .headers: "as many headers"
        case .headerNames: "the longest header names"
        case .headerValues: "the longest header values"
        case .fields: "the longest keys and other short fields"
        }
    }
}
