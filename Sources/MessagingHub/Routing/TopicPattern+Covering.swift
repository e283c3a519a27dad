import Messaging

extension TopicPattern {
    /// Whether every topic that another pattern matches is matched by this one. Takes as many steps as this one has tokens
    /// times the other's.
    func covers(_ other: TopicPattern) -> Bool {
        let words = other.tokens
        var later = [Bool](repeating: false, count: words.count) + [true]
        for token in tokens.reversed() {
            var current = [Bool](repeating: false, count: words.count + 1)
            for index in (0...words.count).reversed() {
                let word = index < words.count ? words[index] : nil
                switch token {
                case .literal: current[index] = word == token && later[index + 1]
                case .one: current[index] = word?.isOneToken == true && later[index + 1]
                case .rest: current[index] = words[index...].contains { $0 != .any }
                case .any: current[index] = later[index] || word != nil && current[index + 1]
                }
            }
            later = current
        }
        return later[0]
    }
}

extension TopicPattern.Token {
    fileprivate var isOneToken: Bool {
        switch self {
        case .literal, .one: true
        case .any, .rest: false
        }
    }
}
