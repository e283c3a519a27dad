import Messaging

extension TopicLifecycle.State: OptionValue {}

extension TopicLifecycle {
    static let state = Option(
        "state", default: State.active,
        "active; deprecated: used with a warning; retired: publishing and subscribing are refused")
    static let replacement = Option<String?>(
        "replacement", default: nil, "the topic to use instead, which warnings and refusals name"
    ).examples("orders.created")
    static let shape = ConfigurationShape(OptionGroup([state.description, replacement.description]))

    init(_ section: ConfigurationSection, _ reader: inout ConfigurationReader) {
        let path = section.path / Self.replacement.name
        let replacement = section.values[Self.replacement].flatMap { Topic($0, at: path, &reader) }
        switch section.values[Self.state] {
        case .active:
            self = .active
            if section.values[Self.replacement] != nil, reader.read.isGood(within: section.path) {
                let sentence = "replaces a topic that is active; set state to deprecated or retired, or remove it"
                reader.report(path, sentence)
            }
        case .deprecated: self = .deprecated(replacement: replacement)
        case .retired: self = .retired(replacement: replacement)
        }
    }
}
