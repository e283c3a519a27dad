import Messaging

/// Reads one broker: from a mapping with its type, its URL, and the options of its type, or from a URL alone.
struct BrokerSection: Sendable {
    static let type = Option(
        "type", default: "",
        "what kind of broker it is: inmemory, embedded, rabbitmq, kafka, redis, nats, or a "
            + "program's own; not needed beside url"
    ).examples("inmemory", "rabbitmq")
    static let url = Option(
        "url", default: "", "where it is, and its options, in one text", secret: true
    ).examples("amqp://user:password@host/vhost?prefetch=100")

    /// The options that every broker has, whatever its type.
    static let options = OptionGroup([type.description, url.description])

    let profiles: [BrokerProfile]

    /// The broker of a mapping.
    func read(
        _ node: YAMLNode, at path: ConfigurationPath, _ reader: inout ConfigurationReader
    ) -> ConfigurationSection {
        let nothing = ConfigurationSection(path: path)
        guard let entries = node.entries else {
            reader.report(path, "\(node.kindInWords); give a mapping with type or url", at: node.mark)
            return nothing
        }
        for entry in entries { reader.mark(path / entry.key, at: entry.value.mark) }
        if BrokerReference(path.keys.last ?? "").isURL {
            reader.report(path, "has :// in its name, by which URLs are told from names; give it another one")
        }
        var url: BrokerURL?
        if let written = node[Self.url.name], let scalar = written.scalar,
            reader.value(written, of: Self.url.description, at: path / Self.url.name) != nil
        {
            do throws(BrokerURL.Problem) { url = try BrokerURL(reader.urlText(of: scalar)) } catch {
                reader.report(path / Self.url.name, error.sentence)
                return nothing
            }
        }
        guard let profile = self.profile(of: node, url, at: path, &reader) else { return nothing }
        return section(of: node, url, profile, at: path, url: path / Self.url.name, &reader)
    }

    /// The broker of a URL that stands in place of a name; nil, with a problem, where it is none.
    func read(
        url text: String, at path: ConfigurationPath, _ reader: inout ConfigurationReader
    ) -> (name: BrokerName, section: ConfigurationSection)? {
        let url: BrokerURL
        do throws(BrokerURL.Problem) { url = try BrokerURL(text) } catch {
            reader.report(path, error.sentence)
            return nil
        }
        guard let profile = self.profile(of: url, at: path, &reader) else { return nil }
        let nothing = YAMLNode(mark: reader.place(of: path), content: .mapping([]))
        let section = self.section(of: nothing, url, profile, at: path, url: path, &reader)
        return (url.name, section)
    }

    private func section(
        of node: YAMLNode, _ url: BrokerURL?, _ profile: BrokerProfile, at path: ConfigurationPath,
        url urlPath: ConfigurationPath, _ reader: inout ConfigurationReader
    ) -> ConfigurationSection {
        var values = OptionValues()
        if let url {
            let reading = BrokerURLReading(url, profile, profiles)
            let read = reading.values { node[$0] != nil }
            for sentence in read.problems { reader.report(urlPath, sentence) }
            for name in read.doubled { reader.report(path / name, "is set here and in the URL; set it once") }
            values = read.values
        }
        let shape = ConfigurationShape(OptionGroup(Self.options.descriptions + profile.options.descriptions))
        let unknown = UnknownOption(of: profile, among: profiles, beside: Self.options.descriptions.map(\.name))
        var section = reader.section(node, shape, at: path, preset: values) { unknown.hint(for: $0) }
        section.values[Self.type] = profile.type.name
        return section
    }

    private func profile(
        of node: YAMLNode, _ url: BrokerURL?, at path: ConfigurationPath, _ reader: inout ConfigurationReader
    ) -> BrokerProfile? {
        let types = profiles.map(\.type.name)
        if let type = node[Self.type.name] {
            guard let word = reader.value(type, of: Self.type.description, at: path / Self.type.name) as? String else {
                return nil
            }
            if let profile = profiles.first(where: { $0.type.name == word }) {
                if let url, !profile.accepts(scheme: url.scheme) {
                    let sentence = "does not fit the type \(profile.type); its URLs begin with \(profile.scheme)://"
                    reader.report(path / Self.url.name, sentence)
                    return nil
                }
                return profile
            }
            let named = profiles.first { $0.schemes.contains(word) }?.type.name
            let meant = named ?? word.lowercased().nearest(in: types)
            let hint = meant.map { "did you mean \($0)?" } ?? "there are \(types.joined(separator: ", "))"
            let shown = reader.hidden[path / Self.type.name] ?? word.quoted
            reader.report(path / Self.type.name, "\(shown) is not a type of broker; \(hint)", at: type.mark)
        } else if let url {
            return profile(of: url, at: path / Self.url.name, &reader)
        } else if let url = node[Self.url.name] {
            if url.scalar == nil {
                reader.report(path / Self.url.name, "\(url.kindInWords); give scheme://host:port/path", at: url.mark)
            }
        } else if let (entry, meant) = misspelt(node) {
            reader.report(path / entry.key, "is not known here; did you mean \(meant)?", at: entry.keyMark)
            reader.leave(path)
        } else {
            reader.report(path, "has neither type nor url; give type, one of \(types.joined(separator: ", "))")
        }
        return nil
    }

    /// Where neither type nor URL stands there: what is near one of them, and is no option of any type.
    private func misspelt(_ node: YAMLNode) -> (entry: YAMLNode.Entry, meant: String)? {
        let known = Set(profiles.flatMap(\.options.descriptions).map(\.name))
        for entry in node.entries ?? [] where !known.contains(entry.key) {
            let name = entry.key.lowercased()
            if let meant = name.nearest(in: Self.options.descriptions.map(\.name)) { return (entry, meant) }
        }
        return nil
    }

    private func profile(
        of url: BrokerURL, at path: ConfigurationPath, _ reader: inout ConfigurationReader
    ) -> BrokerProfile? {
        if let profile = profiles.first(where: { $0.accepts(scheme: url.scheme) }) { return profile }
        let named = profiles.first { $0.type.name == url.scheme }?.scheme
        let schemes = profiles.map { "\($0.scheme)://" }.joined(separator: ", ")
        let meant = named ?? url.scheme.nearest(in: profiles.flatMap(\.schemes))
        let hint = meant.map { "did you mean \($0)://?" } ?? "there are \(schemes)"
        reader.report(path, "has a scheme of no broker; \(hint)")
        return nil
    }
}

extension BrokerProfile {
    /// The schemes of its URLs; an `s` at the end asks for TLS.
    var schemes: [String] { options.option(for: .secureScheme) == nil ? [scheme] : [scheme, scheme + "s"] }

    /// Whether URLs of this scheme are this type's.
    func accepts(scheme: String) -> Bool { schemes.contains(scheme) }
}
