import Messaging

/// Scenario 49: members come and go on an ordered destination, and one task drives them all, so that what each holds
/// is known when another is handed something.
struct OrderedRun {
    private struct Holder {
        let member: Member
        var held: [Delivery] = []
    }

    private let context: ScenarioContext
    private let place: Place
    private let order: DestinationDeclaration.Order
    private var numbers: [MessageID: Int] = [:]
    private var keys: [String: [MessageID]] = [:]
    private var accepted: Set<MessageID> = []
    private var holders: [Holder] = []

    static func holdsWhileMembersChange(_ context: ScenarioContext) async throws {
        try await holds(.perKey, context)
        try await holds(.all, context)
    }

    private static func holds(_ order: DestinationDeclaration.Order, _ context: ScenarioContext) async throws {
        let peer = try await context.peer()
        let place = try await context.place(by: peer) { $0.order = order }
        let messages = context.messages(120, keys: 6)
        try await peer.publish(Array(messages.prefix(60)), to: place)
        var run = OrderedRun(context, place, order, messages)
        try await run.join()
        try await run.turns(4)
        try await run.join()
        try await run.turns(4)
        try await peer.publish(Array(messages.suffix(60)), to: place)
        try await run.leave()
        try await run.turns(4)
        try await run.join()
        try await run.turns(4)
        try await run.leave()
        try await run.join()
        try await run.untilDone(messages.count)
        for holder in run.holders { try await holder.member.cancel() }
        try await context.nothingComesBack(from: place, because: "it was accepted in its order")
    }

    private init(
        _ context: ScenarioContext, _ place: Place, _ order: DestinationDeclaration.Order, _ messages: [Message]
    ) {
        self.context = context
        self.place = place
        self.order = order
        for (number, message) in messages.enumerated() {
            numbers[message.id] = number
            keys[line(of: message), default: []].append(message.id)
        }
    }

    /// What of a message decides which others it keeps its order with.
    private func line(of message: Message) -> String { order == .all ? "" : message.key ?? "" }

    /// A member joins in a process of its own.
    private mutating func join() async throws {
        let peer = try await context.peer()
        holders.append(Holder(member: try await peer.subscribe(place, window: 8)))
    }

    /// The oldest member leaves with what it holds, which has to come again.
    private mutating func leave() async throws {
        guard !holders.isEmpty else { return }
        try await holders.removeFirst().member.cancel()
    }

    /// Everybody takes some; each accepts the older half of what it holds.
    private mutating func turns(_ count: Int) async throws {
        for _ in 0..<count { for index in holders.indices { try await turn(index, acceptingAll: false) } }
    }

    private mutating func untilDone(_ count: Int) async throws {
        var end = context.time.uptime + context.patience
        while accepted.count < count {
            let before = accepted.count
            for index in holders.indices { try await turn(index, acceptingAll: true) }
            if accepted.count > before { end = context.time.uptime + context.patience }
            let rest = numbers.keys.filter { !accepted.contains($0) }
            try context.require(
                context.time.uptime < end, "\(rest.count) of \(count) ordered messages were not delivered", about: rest)
        }
    }

    private mutating func turn(_ index: Int, acceptingAll: Bool) async throws {
        for delivery in try await holders[index].member.receive(upTo: 4, within: .milliseconds(10)) {
            try requireInOrder(delivery, to: index)
            holders[index].held.append(delivery)
        }
        let held = holders[index].held
        let share = acceptingAll ? held.count : held.count / 2
        for delivery in held.prefix(share) {
            let outcome = try await holders[index].member.settle(delivery, .accept)
            if outcome == .settled { accepted.insert(delivery.message.id) }
        }
        holders[index].held.removeFirst(share)
    }

    /// Whatever is before it in its order is accepted, or held by the same member.
    private func requireInOrder(_ delivery: Delivery, to index: Int) throws {
        let (id, key) = (delivery.message.id, delivery.message.key ?? "")
        guard let number = numbers[id], let all = keys[line(of: delivery.message)] else {
            throw ScenarioFailure("a message came that nobody published", about: [id])
        }
        let member = holders[index].member
        let mine = Set(holders[index].held.filter { member.holds($0) }.map(\.message.id))
        let earlier = all.filter { (numbers[$0] ?? 0) < number && !accepted.contains($0) && !mine.contains($0) }
        try context.require(
            earlier.isEmpty, "\(context.names([id])) of \(key) came to \(member.name) before \(context.names(earlier))",
            about: [id] + earlier)
        try context.require(!accepted.contains(id), "\(context.names([id])) came again, though accepted", about: [id])
    }
}
