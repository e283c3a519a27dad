import Messaging

/// Reads the mappings of a file by their shapes, and collects every problem with its place.
struct ConfigurationReader: Sendable {
    private let file: String?
    private let environment: [String: String]
    private let profiles: [BrokerProfile]
    private var marks: [ConfigurationPath: YAMLMark] = [:]
    /// What may not be shown of these values, in words: `the value of ${PORT}`.
    private(set) var hidden: [ConfigurationPath: String] = [:]
    private(set) var problems: [ConfigurationProblem] = []
    /// The brokers that are given by a URL in place of a name, in the order in which they were met.
    private(set) var urlBrokers: [(name: BrokerName, section: ConfigurationSection)] = []
    /// Whether a URL stands in place of a broker's name, be it good or not.
    private(set) var namesURLs = false
    /// The values whose variables could not be replaced, which was said before there was a reader.
    private var incomplete: Set<ConfigurationPath> = []

    /// A reader of this file, for brokers of these types.
    init(file: String?, environment: [String: String], profiles: [BrokerProfile]) {
        self.file = file
        self.environment = environment
        self.profiles = profiles
    }

    /// Notes a problem where its path stands in the file, or the nearest above it.
    mutating func report(_ path: ConfigurationPath, _ sentence: String, at mark: YAMLMark? = nil) {
        let place = mark ?? marks.nearest(to: path)
        problems.append(
            ConfigurationProblem(file: file, line: place?.line, column: place?.column, at: path, sentence))
    }

    /// Of this nothing more is to be said.
    mutating func leave(_ path: ConfigurationPath) { incomplete.insert(path) }

    /// What the check of the whole is to know.
    var read: ReadValues {
        var read = ReadValues(
            file: file, marks: marks, hidden: hidden, said: incomplete.union(problems.map(\.path)))
        for broker in urlBrokers { read.places[broker.name] = broker.section.path }
        return read
    }

    /// Where a value stands, or the nearest above it.
    func place(of path: ConfigurationPath) -> YAMLMark { marks.nearest(to: path) ?? YAMLMark(line: 1, column: 1) }

    /// A broker's URL once its variables are replaced.
    func urlText(of scalar: YAMLNode.Scalar) -> String {
        let replaced = try? scalar.written.map { try Interpolation(environment).apply(toURL: $0).text }
        return replaced ?? scalar.text
    }

    /// The name of a broker that is given by its name or by its URL; a URL makes a broker, and the same one twice makes one.
    /// Empty, with a problem, where the URL is none.
    mutating func broker(_ reference: BrokerReference, at path: ConfigurationPath) -> BrokerName {
        guard reference.isURL else { return BrokerName(reference.text) }
        namesURLs = true
        guard let broker = BrokerSection(profiles: profiles).read(url: reference.text, at: path, &self) else {
            return BrokerName("")
        }
        let alike = urlBrokers.filter { $0.name.name.prefix { $0 != "#" } == broker.name.name }
        if let same = alike.first(where: { $0.section.values.texts == broker.section.values.texts }) {
            return same.name
        }
        let name = alike.isEmpty ? broker.name : BrokerName("\(broker.name)#\(alike.count + 1)")
        urlBrokers.append((name, broker.section))
        return name
    }

    /// Notes where a value stands.
    mutating func mark(_ path: ConfigurationPath, at mark: YAMLMark) { marks[path] = mark }

    /// Reads a mapping, its options and the sections in it.
    mutating func section(
        _ node: YAMLNode, _ shape: ConfigurationShape, at path: ConfigurationPath,
        preset: OptionValues = OptionValues(), shorthand: OptionDescription? = nil,
        unknown: (String) -> String? = { _ in nil }
    ) -> ConfigurationSection {
        marks[path] = marks[path] ?? node.mark
        var section = ConfigurationSection(path: path, values: preset)
        guard let entries = node.entries else {
            let form = shorthand.map { "\($0.allowedDescription), or " } ?? ""
            report(path, "\(node.kindInWords); give \(form)a mapping of \(list(shape.keys))", at: node.mark)
            return section
        }
        for entry in entries {
            let below = path / entry.key
            marks[below] = entry.value.isNull ? entry.keyMark : entry.value.mark
            if let option = shape.options[entry.key] {
                if let value = value(entry.value, of: option, at: below) { section.values.set(option.name, value) }
            } else if let inner = shape.section(entry.key) {
                section.sections[inner.name] = content(entry.value, inner.content, at: below)
            } else {
                reportUnknown(entry, in: shape, at: below, unknown(entry.key))
            }
        }
        complete(&section, shape, given: entries)
        return section
    }

    private mutating func content(
        _ node: YAMLNode, _ content: ConfigurationShape.Content, at path: ConfigurationPath
    ) -> ConfigurationSection {
        var section = ConfigurationSection(path: path)
        switch content {
        case .shape(let shape, let shorthand):
            let option = shorthand.flatMap { shape.options[$0] }
            guard let option, node.scalar != nil else {
                return self.section(node, shape, at: path, shorthand: option)
            }
            if let value = value(node, of: option, at: path) { section.values.set(option.name, value) }
            hidden[path / option.name] = hidden[path]
        case .entries(let shape):
            section.entries = named(node, at: path) { reader, node, path in reader.section(node, shape, at: path) }
        case .brokers:
            section.entries = named(node, at: path) { reader, node, path in reader.broker(node, at: path) }
        case .texts:
            let option = Option("value", default: "", "").description
            for entry in mapping(node, at: path) {
                let below = path / entry.key
                marks[below] = entry.value.mark
                section.texts[entry.key] = value(entry.value, of: option, at: below) as? String
            }
        }
        return section
    }

    private mutating func named(
        _ node: YAMLNode, at path: ConfigurationPath,
        read: (inout ConfigurationReader, YAMLNode, ConfigurationPath) -> ConfigurationSection
    ) -> [(name: String, section: ConfigurationSection)] {
        mapping(node, at: path).compactMap { entry in
            let below = path / entry.key
            marks[below] = entry.keyMark
            if entry.key.isEmpty {
                report(below, "has an empty name; give it one", at: entry.keyMark)
                return nil
            }
            if entry.key.unicodeScalars.contains(where: { $0.properties.generalCategory == .control }) {
                report(below, "has a control character in its name; remove it", at: entry.keyMark)
            }
            let empty = YAMLNode(mark: entry.value.mark, content: .mapping([]))
            return (entry.key, read(&self, entry.value.isNull ? empty : entry.value, below))
        }
    }

    private mutating func mapping(_ node: YAMLNode, at path: ConfigurationPath) -> [YAMLNode.Entry] {
        if let entries = node.entries { return entries }
        report(path, "\(node.kindInWords); give a mapping of names", at: node.mark)
        return []
    }

    /// Fills in what an environment variable gives, and says what is missing.
    private mutating func complete(
        _ section: inout ConfigurationSection, _ shape: ConfigurationShape, given: [YAMLNode.Entry]
    ) {
        let names = Set(given.map(\.key))
        for option in shape.options.descriptions
        where !names.contains(option.name) && !section.values.isSet(option.name) {
            let path = section.path / option.name
            if let (variable, text) = option.variable(in: environment) {
                hidden[path] = "the value of the environment variable \(variable)"
                if let value = option.read(text) {
                    section.values.set(option.name, value)
                } else {
                    let sentence = "is not set here, and the value of the environment variable \(variable)"
                    report(path, "\(sentence) is not allowed; give \(option.allowedDescription)")
                }
            } else if option.isRequired {
                report(path, "is not set and has no default; give \(option.allowedDescription)")
            }
        }
    }

    /// The value of an option; nil, with a problem, where it is not allowed.
    mutating func value(
        _ node: YAMLNode, of option: OptionDescription, at path: ConfigurationPath
    ) -> (any OptionValue)? {
        let remedy = option.remedy(for: nil)
        switch node.content {
        case .null where option.isRequired:
            report(path, "has no value; \(remedy), in quotation marks where it begins with #")
        case .null: report(path, "has no value; \(remedy), or remove the key")
        case .mapping: report(path, "is a mapping; \(remedy)", at: node.mark)
        case .scalar(let scalar):
            if scalar.isUnusable {
                incomplete.insert(path)
                return nil
            }
            hide(scalar, option, at: path)
            let text = option.isBroker ? urlText(of: scalar) : scalar.text
            if let value = option.read(text) { return value }
            let remedy = option.remedy(for: hidden[path] == nil ? scalar.text : nil)
            report(path, "\(hidden[path] ?? scalar.text.quoted) is not allowed; \(remedy)", at: node.mark)
        case .sequence(let items):
            guard option.isList else {
                report(path, "is a list; \(remedy)", at: node.mark)
                return nil
            }
            let texts = items.compactMap(\.scalar)
            texts.forEach { hide($0, option, at: path) }
            if texts.contains(where: \.isUnusable) {
                incomplete.insert(path)
                return nil
            }
            if texts.count == items.count, let value = option.readList(texts.map(\.text)) { return value }
            report(path, "has an item that is not a single value; \(remedy)", at: node.mark)
        }
        return nil
    }

    private mutating func hide(_ scalar: YAMLNode.Scalar, _ option: OptionDescription, at path: ConfigurationPath) {
        if option.isSecret || option.isBroker && BrokerReference(scalar.text).mayHoldSecrets {
            hidden[path] = "the value"
        } else if let variable = scalar.variables.first {
            hidden[path] = "the value of ${\(variable)}"
        }
    }

    private mutating func reportUnknown(
        _ entry: YAMLNode.Entry, in shape: ConfigurationShape, at path: ConfigurationPath, _ given: String?
    ) {
        let hint = given ?? shape.hint(for: entry.key) ?? "allowed are \(list(shape.keys))"
        report(path, "is not known here; \(hint)", at: entry.keyMark)
    }

    /// Reads a broker, by the options of its type, with what its URL says.
    private mutating func broker(_ node: YAMLNode, at path: ConfigurationPath) -> ConfigurationSection {
        BrokerSection(profiles: profiles).read(node, at: path, &self)
    }

    private func list(_ names: [String]) -> String { names.joined(separator: ", ") }
}
