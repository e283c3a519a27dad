import Messaging

extension SubscriptionConfiguration {
    /// The subscription of a section. What is wrong is noted; a topic that cannot be known is none, and an action an empty
    /// command.
    init(_ section: ConfigurationSection, _ reader: inout ConfigurationReader) {
        typealias Options = SubscriptionOptions
        let (path, values) = (section.path, section.values)
        let topic =
            values.isSet(Options.topic.name)
            ? Topic(values[Options.topic], at: path / Options.topic.name, &reader) : nil
        let action = Action(section, &reader)
        self.init(topic ?? Topic(unchecked: ""), group: values[Options.group].map { GroupName($0) }, action)
        Options.settings.apply(values, to: &self)
        if let headers = section["filter"] { filter = HeaderFilter(.all, headers, of: headers.path, &reader) }
    }
}

extension SubscriptionConfiguration.Action {
    fileprivate init(_ section: ConfigurationSection, _ reader: inout ConfigurationReader) {
        typealias Options = SubscriptionOptions
        let place = section.path / Options.target.name
        self = .run(section.values[Options.command])
        switch (section.values[Options.target], section.values.isSet(Options.command.name)) {
        case (_?, true): reader.report(section.path, "has both to and command; give one of them")
        case (let text?, false):
            if let topic = Topic(text, at: place, &reader) { self = .publish(to: topic) }
        case (nil, true): break
        case (nil, false):
            guard reader.read.areGood(section.path, place, section.path / Options.command.name) else { return }
            let sentence = "has neither to nor command; give to, a topic, or command, a program with its arguments"
            reader.report(section.path, sentence)
        }
    }
}

extension HeaderFilter {
    /// The filter at a path, with the headers that a section names. Without any, and where two names are the same, that is
    /// noted.
    init(
        _ match: Match, _ headers: ConfigurationSection?, of path: ConfigurationPath,
        _ reader: inout ConfigurationReader
    ) {
        let (place, texts) = (headers?.path ?? path, headers?.texts ?? [:])
        if texts.isEmpty, reader.read.areGood(place), reader.read.isGood(within: place) {
            reader.report(path, "has no headers; give at least one, or remove the filter")
        }
        var values: [HeaderName: String] = [:]
        for (name, value) in texts.sorted(by: { $0.key < $1.key }).map({ (HeaderName($0.key), $0.value) }) {
            if values.updateValue(value, forKey: name) != nil {
                let sentence = "is set twice: names that differ in case alone are the same; keep one"
                reader.report(place / name.text, sentence)
            }
        }
        self.init(match, values)
    }
}
