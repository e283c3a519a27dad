import Messaging

/// What may be meant by an option that a type of broker does not have: one of its own, by a misspelling or by what others
/// call it, or another type's, whose counterpart is named. Pure; the written name is not in what it says.
struct UnknownOption: Sendable {
    private let profile: BrokerProfile
    private let others: [BrokerProfile]
    private let common: [String]

    /// For options of this type among these; `common` are the keys beside them.
    init(of profile: BrokerProfile, among profiles: [BrokerProfile], beside common: [String] = []) {
        self.profile = profile
        others = profiles.filter { $0.type != profile.type }
        self.common = common
    }

    /// `did you mean max-in-flight? rabbitmq calls it prefetch`; nil where nothing is near.
    func hint(for name: String) -> String? {
        let name = name.replacing("_", with: "-").lowercased()
        let own = common + profile.options.descriptions.map(\.name)
        if own.contains(name) { return "did you mean \(name)?" }
        if let option = profile.options.descriptions.first(where: { $0.isKnown(as: name) }) {
            return "did you mean \(option.name)?"
        }
        if let hint = hint(for: { $0.name == name || $0.isKnown(as: name) }) { return hint }
        if let near = name.nearest(in: own) { return "did you mean \(near)?" }
        let foreign = others.flatMap(\.options.descriptions).map(\.name)
        return name.nearest(in: foreign).flatMap { near in hint { $0.name == near } }
    }

    /// What is said of another type's option of which this holds: of one that has a counterpart, if there is one.
    private func hint(for fits: (OptionDescription) -> Bool) -> String? {
        let found = others.flatMap { other in
            other.options.descriptions.filter(fits).map { (type: other.type, option: $0) }
        }
        for (type, option) in found {
            if let own = profile.options.descriptions.first(where: { $0.isCounterpart(of: option) }) {
                return "did you mean \(own.name)? \(type) calls it \(option.name)"
            }
        }
        guard let (_, option) = found.first else { return nil }
        let types = found.filter { $0.option.name == option.name }.map(\.type.name).joined(separator: ", ")
        return "\(option.name) is an option of type \(types), and \(profile.type) has nothing like it; remove it"
    }
}

extension OptionDescription {
    /// Whether it is called so elsewhere, whatever stands between the words.
    fileprivate func isKnown(as name: String) -> Bool {
        otherNames.contains { $0.replacing(".", with: "-") == name.replacing(".", with: "-") }
    }

    /// Whether it is the same as an option of another type, under another name.
    fileprivate func isCounterpart(of other: OptionDescription) -> Bool {
        concept != nil && concept == other.concept || urlPart != nil && urlPart == other.urlPart
    }
}
