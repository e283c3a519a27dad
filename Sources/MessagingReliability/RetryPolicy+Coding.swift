import Messaging

extension RetryPolicy: Codable {
    private enum Key: String, CodingKey {
        case attempts = "max_attempts"
        case delay = "initial_delay"
        case maximumDelay = "max_delay"
        case multiplier
        case jitter
        case backoff
    }

    /// Reads `max_attempts`, `initial_delay` and `max_delay` in nanoseconds, `multiplier`, `jitter` as a share or as
    /// true for all and false for none, and `backoff`. What is missing is at its default; a number that cannot be meant
    /// is refused.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: Key.self)
        func read<Value: Decodable>(_ key: Key, _ type: Value.Type, _ range: ClosedRange<Value>) throws -> Value? {
            guard let value = try container.decodeIfPresent(type, forKey: key) else { return nil }
            if range.contains(value) { return value }
            let sentence =
                "\(key.rawValue) is \(value); give \(range.lowerBound) to \(range.upperBound)"
            throw DecodingError.dataCorruptedError(forKey: key, in: container, debugDescription: sentence)
        }
        self.init()
        if let value = try read(.attempts, Int.self, 1...1000) { attempts = value }
        if let value = try read(.delay, Int64.self, 0...Self.longest) { delay = .nanoseconds(value) }
        if let value = try read(.maximumDelay, Int64.self, 0...Self.longest) { maximumDelay = .nanoseconds(value) }
        if let value = try read(.multiplier, Double.self, 1...100) { multiplier = value }
        if let all = try? container.decodeIfPresent(Bool.self, forKey: .jitter) {
            jitter = all ? 1 : 0
        } else if let value = try read(.jitter, Double.self, 0...1) {
            jitter = value
        }
        if let word = try container.decodeIfPresent(String.self, forKey: .backoff) {
            guard let known = Backoff(rawValue: word) else {
                let words = Backoff.allCases.map(\.rawValue).joined(separator: ", ")
                throw DecodingError.dataCorruptedError(
                    forKey: .backoff, in: container, debugDescription: "backoff is \(word.quoted); give one of \(words)"
                )
            }
            backoff = known
        }
        if delay > maximumDelay {
            let sentence = "initial_delay is \(delay.optionText), over max_delay, \(maximumDelay.optionText); lower it"
            throw DecodingError.dataCorruptedError(forKey: .delay, in: container, debugDescription: sentence)
        }
    }

    /// Writes what `init(from:)` reads: `jitter` as true or false where it is all or none, `backoff` where it is not
    /// exponential.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: Key.self)
        try container.encode(attempts, forKey: .attempts)
        try container.encode(delay.nanoseconds, forKey: .delay)
        try container.encode(maximumDelay.nanoseconds, forKey: .maximumDelay)
        try container.encode(multiplier, forKey: .multiplier)
        if jitter == 0 || jitter == 1 {
            try container.encode(jitter == 1, forKey: .jitter)
        } else {
            try container.encode(jitter, forKey: .jitter)
        }
        if backoff != .exponential { try container.encode(backoff.rawValue, forKey: .backoff) }
    }

    /// Thirty days, as in a configuration.
    private static let longest: Int64 = 30 * 86_400 * 1_000_000_000
}
