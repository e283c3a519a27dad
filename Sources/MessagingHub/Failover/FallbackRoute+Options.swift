import Messaging

extension FallbackRoute {
    static let broker = Option<BrokerReference?>(
        "broker", default: nil, "the broker that stands in while the route's own cannot be reached"
    ).examples("memory", "memory://")
    static let divertsDurable = Option(
        "diverts-durable", default: false,
        "whether messages of a durable route may go there too, to be as safe as that broker keeps them")
    static let shape = ConfigurationShape(
        OptionGroup([broker.description, divertsDurable.description]), rules: [.needs(broker.name)])

    /// The fallback of a section; nil, which is noted, where it names no broker.
    init?(_ section: ConfigurationSection, _ reader: inout ConfigurationReader) {
        guard let broker = section.values[Self.broker] else {
            if reader.read.areGood(section.path), reader.read.isGood(within: section.path) {
                let sentence = "is not set and has no default; give the name of a broker, or remove fallback"
                reader.report(section.path / Self.broker.name, sentence)
            }
            return nil
        }
        let name = reader.broker(broker, at: section.path / Self.broker.name)
        self.init(name, divertsDurable: section.values[Self.divertsDurable])
    }
}
