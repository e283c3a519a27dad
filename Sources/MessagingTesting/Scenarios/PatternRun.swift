import Messaging

/// Scenario 54: six topics below one name, and what each pattern hears of them.
struct PatternRun {
    /// A pattern below the name, and the topics below it that it selects, as the two manuals say.
    private struct Vector {
        let pattern: String
        let style: TopicPattern.Style
        let topics: [String]
    }

    private static let topics = ["", ".a", ".b", ".a.b", ".b.a", ".a.b.c"]

    private static let vectors = [
        Vector(pattern: "", style: .amqp, topics: [""]),
        Vector(pattern: ".*", style: .amqp, topics: [".a", ".b"]),
        Vector(pattern: ".#", style: .amqp, topics: topics),
        Vector(pattern: ".*.b", style: .amqp, topics: [".a.b"]),
        Vector(pattern: ".#.c", style: .amqp, topics: [".a.b.c"]),
        Vector(pattern: ".a.#", style: .amqp, topics: [".a", ".a.b", ".a.b.c"]),
        Vector(pattern: ".#.b.#", style: .amqp, topics: [".b", ".a.b", ".b.a", ".a.b.c"]),
        Vector(pattern: ".*", style: .nats, topics: [".a", ".b"]),
        Vector(pattern: ".>", style: .nats, topics: [".a", ".b", ".a.b", ".b.a", ".a.b.c"]),
        Vector(pattern: ".a.>", style: .nats, topics: [".a.b", ".a.b.c"]),
        Vector(pattern: ".*.>", style: .nats, topics: [".a.b", ".b.a", ".a.b.c"]),
        Vector(pattern: ".*.b.*", style: .nats, topics: [".a.b.c"]),
    ]

    private let context: ScenarioContext
    private let peer: Peer
    private let name: String
    /// The group of each vector.
    private let groups: [GroupName?]

    static func selects(_ context: ScenarioContext) async throws {
        let peer = try await context.peer()
        let groups = vectors.map { _ in context.kind == .stream ? context.group() : nil }
        let name = context.topic("patterns").name
        let run = PatternRun(context: context, peer: peer, name: name, groups: groups)
        try await run.declare(topics.dropLast())
        var members: [Member] = []
        for (vector, group) in zip(vectors, groups) { members.append(try await run.subscribe(vector, group)) }
        // What is declared once they listen is selected too.
        try await run.declare(topics.suffix(1))
        var published: [String: MessageID] = [:]
        let other = try await context.peer()
        for topic in topics {
            let message = context.message("to\(topic)")
            published[topic] = message.id
            try await other.publish(message, to: run.place(topic, nil))
        }
        let heard = published
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            for (vector, member) in zip(vectors, members) {
                tasks.addTask { try await run.requireHeard(vector, by: member, of: heard) }
            }
            try await tasks.waitForAll()
        }
        guard context.kind == .stream else { return }
        for member in members { try await member.cancel() }
        try await context.nothingComesBack(
            from: run.place(".a", groups[1]), because: "it was accepted by a consumer of a pattern")
    }

    private func place(_ topic: String, _ group: GroupName?) -> Place {
        Place(Destination(Topic(unchecked: name + topic), context.kind), group: group)
    }

    /// Streams are declared, each with every group.
    private func declare(_ topics: some Sequence<String>) async throws {
        if context.kind != .stream { return }
        let declarations = topics.map { topic in
            var declaration = DestinationDeclaration(place(topic, nil).destination)
            for case let group? in groups { declaration.groups[group] = .init() }
            context.removesAtEnd(declaration.destination)
            return declaration
        }
        try await peer.declare(declarations)
    }

    private func subscribe(_ vector: Vector, _ group: GroupName?) async throws -> Member {
        let pattern = try TopicPattern(name + vector.pattern, style: vector.style)
        return try await peer.subscribe(place(vector.pattern, group)) { $0.source = .pattern(pattern, context.kind) }
    }

    /// Exactly what the pattern selects, each with its topic.
    private func requireHeard(_ vector: Vector, by member: Member, of published: [String: MessageID]) async throws {
        let first = try await member.take(vector.topics.count)
        let received = first + (try await member.takeAll(quiet: .milliseconds(50)))
        let what = "the pattern \"…\(vector.pattern)\" in the style of \(vector.style.rawValue)"
        let heard = Set(received.compactMap { delivery in published.first { $0.value == delivery.message.id }?.key })
        let (all, expected) = (received.map(\.message.id), vector.topics.compactMap { published[$0] })
        let surplus = heard.subtracting(vector.topics).sorted().map { "\"…\($0)\"" }
        try context.require(surplus.isEmpty, "\(what) selected \(surplus.joined(separator: ", "))", about: all)
        try context.requireExactly(received, expected, what)
        for delivery in received {
            let topic = published.first { $0.value == delivery.message.id }.map { name + $0.key }
            try context.require(
                delivery.topic?.name == topic,
                "\(what) gave a delivery the topic \(delivery.topic?.name ?? "none"), not \(topic ?? "none")",
                about: [delivery.message.id])
        }
        if context.kind == .stream { try await member.accept(received) }
    }
}
