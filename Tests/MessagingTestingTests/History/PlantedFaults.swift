import Messaging
import MessagingTesting
import Testing

/// A run that asks nothing: it publishes, receives and settles, in several ways, and is content with whatever comes.
enum Plain {
    static func run(_ context: ScenarioContext) async throws {
        let peer = try await context.peer()
        let place = try await context.place(by: peer, delays: .seconds(1))
        let other = place.destination.kind == .stream ? place.with(group: context.group()) : nil
        if let other { try await context.declare(other, by: peer) }
        let target = try await context.place(by: peer, .queue)
        try await peer.publish(context.messages(6, keys: 1), to: place)
        let member = try await peer.subscribe(place)
        if let other { try await readAll(context, peer, other) }
        let held = try await member.receive(upTo: 6, within: context.patience)
        for (number, delivery) in held.enumerated() where number < 4 {
            let copy = Outgoing(context.message("copy"), to: target.destination)
            let ways: [Settlement] = [.accept, .retry(after: .zero, failure: nil), .release, .forward([copy])]
            _ = try await member.settle(delivery, ways[number])
        }
        if let other { try await readAll(context, peer, other) }
        let again = try await member.receive(upTo: 6, within: .milliseconds(50))
        _ = try await member.settle(again.map { ($0, .accept) })
        try await member.cancel()
        for delivery in held { _ = try await member.settle(delivery, .accept) }
    }

    private static func readAll(_ context: ScenarioContext, _ peer: Peer, _ place: Place) async throws {
        let member = try await peer.subscribe(place)
        let all = try await member.receive(upTo: 6, within: .milliseconds(100))
        _ = try await member.settle(all.map { ($0, .accept) })
        try await member.cancel()
    }
}

/// A flaw that `Plain` does not ask about, and the rule by which the history tells it.
struct PlantedFault: Sendable, CustomTestStringConvertible {
    let flaw: String
    let rule: HistoryViolation.Rule
    let kind: DestinationKind
    let make: @Sendable () -> Flaw

    init(
        _ flaw: String, _ rule: HistoryViolation.Rule, _ kind: DestinationKind = .queue,
        make: @escaping @Sendable () -> Flaw
    ) {
        self.flaw = flaw
        self.rule = rule
        self.kind = kind
        self.make = make
    }

    var testDescription: String { flaw }

    static let attempts = PlantedFault("a retry does not count", .attempts) {
        .ofConsumer { base, _, _ in .receiving(base) { $0.map { $0.with { $0.attempt = 1 } } } }
    }

    static let all = [
        attempts,
        PlantedFault("the last of a publish is confirmed and dropped", .loss) {
            var flaw = Flaw()
            flaw.publish = { broker, messages, destination, options in
                try await broker.publish(
                    messages.count > 1 ? Array(messages.dropLast()) : messages, to: destination, options: options)
            }
            return flaw
        },
        PlantedFault("a message of an older run comes", .origin) {
            .ofConsumer { base, _, _ in
                .receiving(base) { $0.map { $0.attempt > 1 ? $0.with { $0.message.id = MessageID() } : $0 } }
            }
        },
        PlantedFault("an accept is answered settled and forgotten", .duplication) {
            .ofConsumer { base, _, _ in
                .settling(base) { settlement in if case .accept = settlement { .release } else { settlement } }
            }
        },
        PlantedFault("a batch comes backwards", .order) {
            .ofConsumer { base, _, _ in .receiving(base) { $0.reversed() } }
        },
        PlantedFault("a retry is published anew, for every group", .groups, .stream) {
            let copies = Observed<[MessageID: Int32]>([:])
            return .ofConsumer { base, _, subscription in .republishing(base, subscription, counting: copies) }
        },
        PlantedFault("after cancel, settlements are answered settled", .settlement) {
            .ofConsumer { base, _, _ in
                var consumer = FlawedConsumer(base: base)
                consumer.settle = { base, settlements in
                    await base.settle(settlements).map { $0 == .stale ? .settled : $0 }
                }
                return consumer
            }
        },
    ]
}

extension Delivery {
    fileprivate func with(_ edit: (inout Delivery) -> Void) -> Delivery {
        var delivery = self
        edit(&delivery)
        return delivery
    }
}
