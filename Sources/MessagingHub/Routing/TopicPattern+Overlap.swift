import Messaging

extension TopicPattern {
    /// The pattern without its words: two patterns of one outline are equally narrow.
    var outline: [Int] {
        tokens.map { token in
            switch token {
            case .literal: 0
            case .one: 1
            case .rest: 2
            case .any: 3
            }
        }
    }

    /// Whether there is a topic that both match.
    func overlaps(_ other: TopicPattern) -> Bool {
        if let topic = literal { return other.matches(topic) }
        if let topic = other.literal { return matches(topic) }
        let (left, right) = (Self.unfolded(tokens), Self.unfolded(other.tokens))
        var later = [Bool](repeating: false, count: right.count + 1)
        for row in (0...left.count).reversed() {
            var current = [Bool](repeating: false, count: right.count + 1)
            for column in (0...right.count).reversed() {
                let down = row < left.count && later[column]
                let across = column < right.count && current[column + 1]
                if row == left.count, column == right.count {
                    current[column] = true
                } else if row < left.count && left[row] == .any || column < right.count && right[column] == .any {
                    current[column] = down || across
                } else if row < left.count, column < right.count, Self.agree(left[row], right[column]) {
                    current[column] = later[column + 1]
                }
            }
            later = current
        }
        return later[0]
    }

    /// `>` as `*` and `#`.
    private static func unfolded(_ tokens: [Token]) -> [Token] {
        tokens.flatMap { $0 == .rest ? [.one, .any] : [$0] }
    }

    private static func agree(_ left: Token, _ right: Token) -> Bool { left == .one || right == .one || left == right }
}
