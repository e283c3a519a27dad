import Messaging
import Testing

@Suite struct DeduplicationKeyTests {
    private static let id = MessageID(high: 1, low: 2)

    private static func key(
        _ topic: String = "orders", kind: DestinationKind = .queue, broker: String = "main", route: String = "r",
        group: String? = nil, id: MessageID = id
    ) -> DeduplicationKey {
        DeduplicationKey(
            broker: BrokerName(broker), route: route, destination: Destination(Topic(stringLiteral: topic), kind),
            group: group.map { GroupName($0) }, id: id)
    }

    private static let lookAlikes = [
        key(), key("Orders"), key("order"), key("orders.x"), key(kind: .stream), key(broker: "Main"), key(route: "R"),
        key(group: ""), key(group: "g"), key(group: "G"), key(group: "-"), key(id: MessageID(high: 1, low: 3)),
        key(id: MessageID(high: 2, low: 2)), key(id: MessageID(high: 2, low: 1)),
        key(route: "r,5:queue"), key(broker: "ma", route: "inr"), key("x", group: "y-z"), key("x-y", group: "z"),
        key("x,1:y"), key("x", group: "1:y"), key("caf\u{E9}"), key("cafe\u{301}"),
        key(group: "caf\u{E9}"), key(group: "cafe\u{301}"),
    ]

    @Test("What looks alike is different, as a key and as a text")
    func lookAlikes() {
        #expect(Set(Self.lookAlikes).count == Self.lookAlikes.count)
        #expect(Set(Self.lookAlikes.map { Array($0.text.utf8) }).count == Self.lookAlikes.count)
        for (index, left) in Self.lookAlikes.enumerated() {
            for right in Self.lookAlikes[(index + 1)...] { #expect(left != right, "\(left.text) and \(right.text)") }
        }
    }

    @Test("The same parts make the same key and text")
    func same() {
        #expect(Self.key(group: "g") == Self.key(group: "g"))
        #expect(Self.key(group: "g").hashValue == Self.key(group: "g").hashValue)
        #expect(Self.key(group: "g").text == Self.key(group: "g").text)
        #expect(Self.key(group: "g").text == "4:main,1:r,5:queue,6:orders,1:g,+\(Self.id)")
    }

    @Test("No two holders are the same")
    func holders() {
        #expect(Set((0..<1000).map { _ in DeduplicationHolder() }).count == 1000)
    }
}
