public import Messaging

/// A broker of a configuration whose backend is not in this build.
public struct MissingBackend: Hashable, Sendable, CustomStringConvertible {
    /// The broker's name.
    public let broker: BrokerName
    /// Its type.
    public let type: BrokerType
    /// The package trait that is to bring the backend; nil where none is known.
    public let trait: String?
    /// The Debian package that it needs; nil where none is known.
    public let package: String?

    /// What is missing, and what to do.
    public var description: String { "broker \(broker): \(sentence)" }

    /// The same, where the broker has been named.
    var sentence: String {
        let what = "the backend of type \(type) is not in this build"
        guard let trait else { return "\(what); write a BrokerFactory for it" }
        let need = package.map { "needs the package \($0) and " } ?? ""
        let state = "it is to come with the trait \(trait), which \(need)cannot be chosen yet"
        return "\(what): \(state); use a type of this build, or write a backend of your own"
    }
}

extension HubConfiguration {
    /// The brokers for whose types there is no factory, by name: a note for a check, an error when a hub starts.
    public func missingBackends(registered: [BrokerFactory]) -> [MissingBackend] {
        let types = Set(registered.map(\.profile.type))
        return brokers.filter { !types.contains($0.value.type) }.sorted { $0.key.name < $1.key.name }.map {
            name, broker in
            let profile = profiles.first { $0.type == broker.type }
            return MissingBackend(broker: name, type: broker.type, trait: profile?.trait, package: profile?.package)
        }
    }
}
