import Messaging
import MessagingHub

/// Everything that `hub describe` can explain, by its names. Pure.
struct DescribeIndex: Sendable {
    /// What is explained.
    enum Subject: Sendable {
        case everything(DescribeIndex)
        case broker(BrokerProfile)
        case kind(DestinationKind, [BrokerProfile])
        /// Keys that a word fits, each with those that are described alike elsewhere.
        case keys([ConfigurationKey], DescribeIndex)
    }

    let profiles: [BrokerProfile]
    let keys: [ConfigurationKey]

    init(profiles: [BrokerProfile]) {
        self.profiles = profiles
        keys = HubConfiguration.keys(profiles: profiles)
    }

    /// The mappings that are policies of a route, or stand at the top.
    var sections: [ConfigurationKey] { keys.filter { $0.section != nil } }

    /// What a word names; everything where there is none, nil where it names nothing.
    func subject(_ word: String?) -> Subject? {
        guard let word else { return .everything(self) }
        if let profile = profiles.first(where: { $0.type.name == word || $0.scheme == word }) {
            return .broker(profile)
        }
        if let kind = DestinationKind(rawValue: word) { return .kind(kind, profiles) }
        let found = keys(at: word.split(separator: ".", omittingEmptySubsequences: false).map(String.init))
        return found.isEmpty ? nil : .keys(found, self)
    }

    /// The names of types, of kinds, and the last ones of all keys, each once.
    var names: [String] {
        let kinds = DestinationKind.allCases.map(\.rawValue)
        return profiles.map(\.type.name) + kinds + Set(lastNames).sorted()
    }

    private var lastNames: [String] { keys.compactMap(\.path.last) }

    /// The name that is nearest to a misspelt one.
    func nearest(to word: String) -> String? {
        let names = profiles.map(\.type.name) + DestinationKind.allCases.map(\.rawValue) + lastNames + keys.map(\.name)
        if let name = word.nearest(in: names) { return name }
        // The place may be right, and its last word not.
        var words = word.split(separator: ".").map(String.init)
        guard words.count > 1, let wrong = words.popLast() else { return nil }
        let isType = words.count == 1 && profiles.contains { $0.type.name == words[0] }
        let below = keys.filter { key in isType ? key.type?.name == words[0] : Self.fits(key.path.dropLast(), words) }
        let near = wrong.nearest(in: below.compactMap(\.path.last).filter { $0 != wrong })
        return near.map { (words + [$0]).joined(separator: ".") }
    }

    /// The keys that lead to these words, whole or with their end; those of a type of broker also behind its name.
    private func keys(at words: [String]) -> [ConfigurationKey] {
        let whole = keys.filter { $0.path.count == words.count && Self.fits($0.path[...], words) }
        if !whole.isEmpty { return whole }
        if let type = words.first, words.count > 1, profiles.contains(where: { $0.type.name == type }) {
            return keys.filter { $0.type?.name == type && $0.path.last == words.last && words.count == 2 }
        }
        return keys.filter { key in
            key.path.suffix(words.count).first != ConfigurationKey.placeholder && Self.fits(key.path[...], words)
        }
    }

    /// Whether a path ends with these words; a placeholder fits any.
    private static func fits(_ path: ArraySlice<String>, _ words: [String]) -> Bool {
        path.count >= words.count
            && zip(path.suffix(words.count), words).allSatisfy { $0 == $1 || $0 == ConfigurationKey.placeholder }
    }
}
