import Messaging

/// Reads the mapping of one broker: its type, its URL, and the options of its type.
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

    func read(
        _ node: YAMLNode, at path: ConfigurationPath, _ reader: inout ConfigurationReader
    ) -> ConfigurationSection {
        let nothing = ConfigurationSection(path: path)
        guard let entries = node.entries else {
            reader.report(path, "\(node.kindInWords); give a mapping with type or url", at: node.mark)
            return nothing
        }
        for entry in entries { reader.mark(path / entry.key, at: entry.value.mark) }
        var url: BrokerURL?
        if let written = node[Self.url.name], let scalar = written.scalar,
            reader.value(written, of: Self.url.description, at: path / Self.url.name) != nil
        {
            do throws(BrokerURL.Problem) { url = try BrokerURL(scalar.text) } catch {
                reader.report(path / Self.url.name, error.sentence)
                return nothing
            }
        }
        guard let profile = self.profile(of: node, url, at: path, &reader) else { return nothing }
        let texts = url.map { self.texts(of: $0, profile, at: path, &reader) } ?? [:]
        let shape = ConfigurationShape(OptionGroup(Self.options.descriptions + profile.options.descriptions))
        let preset = self.values(texts, profile, beside: node, at: path, &reader)
        var section = reader.section(node, shape, at: path, preset: preset)
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
            let hint =
                word.nearest(in: types).map { "did you mean \($0)?" } ?? "there are \(types.joined(separator: ", "))"
            let shown = reader.hidden[path / Self.type.name] ?? word.quoted
            reader.report(path / Self.type.name, "\(shown) is not a type of broker; \(hint)", at: type.mark)
        } else if let url {
            if let profile = profiles.first(where: { $0.accepts(scheme: url.scheme) }) { return profile }
            let schemes = profiles.map { "\($0.scheme)://" }.joined(separator: ", ")
            reader.report(path / Self.url.name, "has a scheme of no broker; there are \(schemes)")
        } else if let url = node[Self.url.name] {
            if url.scalar == nil {
                reader.report(path / Self.url.name, "\(url.kindInWords); give scheme://host:port/path", at: url.mark)
            }
        } else {
            reader.report(path, "has neither type nor url; give type, one of \(types.joined(separator: ", "))")
        }
        return nil
    }

    /// What a URL says, by the options that take its parts.
    private func texts(
        of url: BrokerURL, _ profile: BrokerProfile, at path: ConfigurationPath, _ reader: inout ConfigurationReader
    ) -> [String: String] {
        var texts: [String: String] = [:]
        let options = profile.options
        func set(_ part: URLPart, _ text: String?, _ name: String, _ reader: inout ConfigurationReader) {
            guard let text else { return }
            guard let option = options.option(for: part) else {
                reader.report(path / Self.url.name, "has a \(name), which \(profile.type) has no use for; remove it")
                return
            }
            texts[option.name] = text
        }
        set(.username, url.username, "user name", &reader)
        set(.password, url.password, "password", &reader)
        set(.path, url.path, "path", &reader)
        if url.scheme != profile.scheme { set(.secureScheme, "true", "scheme", &reader) }
        if let endpoint = url.endpoint, options.option(for: .host) != nil {
            set(.host, endpoint.host, "host", &reader)
            set(.port, endpoint.port, "port", &reader)
        } else if !url.hosts.isEmpty {
            set(.hosts, url.hosts.joined(separator: ","), "host", &reader)
        }
        for (name, value) in url.query {
            if let option = options[name], texts[option.name] == nil {
                texts[option.name] = value
            } else if options[name] != nil {
                reader.report(path / Self.url.name, "sets \(name) in its query and before it; set it once")
            } else {
                let names = options.descriptions.map(\.name).joined(separator: ", ")
                let hint = options.nearest(to: name).map { "did you mean \($0)?" } ?? "there are \(names)"
                reader.report(path / Self.url.name, "sets an option that is not known; \(hint)")
            }
        }
        return texts
    }

    private func values(
        _ texts: [String: String], _ profile: BrokerProfile, beside node: YAMLNode, at path: ConfigurationPath,
        _ reader: inout ConfigurationReader
    ) -> OptionValues {
        var values = OptionValues()
        for option in profile.options.descriptions {
            guard let text = texts[option.name] else { continue }
            if node[option.name] != nil {
                reader.report(path / option.name, "is set here and in the URL; set it once")
            } else if let value = option.read(text) {
                values.set(option.name, value)
            } else {
                let sentence = "sets \(option.name) to what is not allowed; give \(option.allowedDescription)"
                reader.report(path / Self.url.name, sentence)
            }
        }
        return values
    }
}

extension BrokerProfile {
    /// Whether URLs of this scheme are this type's; an `s` at the end asks for TLS.
    func accepts(scheme: String) -> Bool {
        scheme == self.scheme || options.option(for: .secureScheme) != nil && scheme == self.scheme + "s"
    }
}
