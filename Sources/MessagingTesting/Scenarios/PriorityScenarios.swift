import Messaging

/// Who goes first.
enum PriorityScenarios {
    static let all: [Scenario] = [
        Scenario(
            53,
            """
            Priority 0–10: of waiting messages the higher goes first; where the capability says `fair` the lower still \
            gets its share within the stated bound, where it says `strict` it may starve and `hub check` says so.
            """,
            why: "What is urgent would wait behind what is not, or what is not urgent would wait for ever.",
            .queue, needs: [.operation(.priority)], body: priorityIsKept)
    ]

    static func priorityIsKept(_ context: ScenarioContext) async throws {
        let peer = try await context.peer()
        let highest = peer.broker.limits.maximumPriority
        var priorities = (0..<100).map { UInt8($0 % (Int(highest) + 1)) }
        var generator = SeededGenerator(seed: context.seed)
        priorities.shuffle(using: &generator)
        try await PriorityRun(context, peer, priorities).higherGoesFirst()
        switch peer.broker.capabilities.priorityOrder {
        case .fair(let bound):
            let lows = 3
            let flood = Array(repeating: UInt8(0), count: lows) + Array(repeating: highest, count: bound * (lows + 2))
            try await PriorityRun(context, peer, flood).lowerIsServed(every: bound, count: lows)
        case .strict:
            context.remark("the lower may starve: its priority is strict")
        }
    }
}

/// Messages of these priorities that wait in one queue, and are received one by one.
private struct PriorityRun {
    private let context: ScenarioContext
    private let messages: [Message]
    private let peer: Peer
    private let place: Place

    init(_ context: ScenarioContext, _ peer: Peer, _ priorities: [UInt8]) async throws {
        self.context = context
        self.peer = peer
        place = try await context.place(by: peer) { $0.maximumPriority = peer.broker.limits.maximumPriority }
        messages = priorities.enumerated().map { number, priority in
            var message = context.message("\(number) of priority \(priority)")
            message.priority = priority
            return message
        }
        try await peer.publish(messages, to: place)
    }

    /// The indices of the messages in the order in which they come, one held at a time.
    private func order() async throws -> [Int] {
        let member = try await peer.subscribe(place, window: 1)
        var (received, order) = ([Delivery](), [Int]())
        while received.count < messages.count {
            let delivery = try await member.takeOne()
            try await member.settled(delivery, .accept)
            received.append(delivery)
            if let index = messages.firstIndex(where: { $0.id == delivery.message.id }) { order.append(index) }
        }
        try context.requireExactly(received, messages.map(\.id), "messages with priorities")
        try await member.cancel()
        return order
    }

    /// Each is of the highest priority that waits. Where the order is fair, the oldest may come instead, but not more
    /// often than twice in as many as the bound says: else there would be no priority.
    func higherGoesFirst() async throws {
        var waiting = Set(messages.indices)
        var exceptions = 0
        if case .fair(let bound) = peer.broker.capabilities.priorityOrder {
            exceptions = 2 * ((messages.count + bound - 1) / max(1, bound))
        }
        for index in try await order() {
            let highest = waiting.max { messages[$0].priority < messages[$1].priority } ?? index
            let isOldest = index == waiting.min()
            waiting.remove(index)
            if messages[index].priority == messages[highest].priority { continue }
            exceptions -= 1
            try context.require(
                isOldest && exceptions >= 0,
                "a message of priority \(messages[index].priority) came before one of \(messages[highest].priority)",
                about: [messages[index].id, messages[highest].id])
        }
    }

    /// The first so many messages, the oldest and lowest, come in time, though higher ones wait all the while.
    func lowerIsServed(every bound: Int, count: Int) async throws {
        let order = try await order()
        var last = -1
        for index in 0..<count {
            let turn = order.firstIndex(of: index) ?? order.count
            try context.require(
                turn - last <= bound,
                "the oldest message, of the lowest priority, waited for \(turn - last - 1) deliveries of higher ones; "
                    + "the capability says that of \(bound) one goes to the oldest", about: [messages[index].id])
            last = max(last, turn)
        }
    }
}
