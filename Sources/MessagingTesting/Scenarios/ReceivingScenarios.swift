import Messaging

/// How a consumer gets its messages.
enum ReceivingScenarios {
    static let all: [Scenario] = [
        Scenario(
            38, "`receive` returns as soon as one message is there, not when the limit is reached.",
            why: "Every message would wait for others that may never come.",
            .queue, .stream, .pubSub, body: returnsWithOne),
        Scenario(
            39, "It returns empty after its wait, never earlier, at most 250 ms later.",
            why: "A program that looks in turn at several things would spin, or get stuck at one of them.",
            .queue, .stream, .pubSub, body: returnsEmptyAfterItsWait),
        Scenario(
            40,
            """
            Cancelling a waiting receive ends it within 100 ms and loses nothing, at whatever point it is cancelled \
            (seeded over 200 points).
            """,
            why: "A message that comes just when a service stops would be lost, or the stop would hang.",
            .queue, .stream, body: cancelledReceiveLosesNothing),
        Scenario(
            41, "The window is kept: never more unsettled deliveries than it allows; settling opens it.",
            why:
                "A slow consumer would be buried in messages until its memory is used up, while others have nothing to do.",
            .queue, .stream, body: windowIsKept),
        Scenario(
            43, "Publish, settle and cancel go on while a receive waits.",
            why: "A service that waits for work could neither answer nor finish what it has begun.",
            .queue, .stream, .pubSub, body: nothingWaitsBehindAReceive),
    ]

    static func returnsWithOne(_ context: ScenarioContext) async throws {
        let peer = try await context.peer()
        let place = try await context.place(by: peer)
        let member = try await peer.subscribe(place)
        try await context.requirePrompt("a receive of up to 100 with one message there", within: .milliseconds(250)) {
            let message = context.message()
            let receiving = context.meanwhile("a receive of up to 100") {
                try await member.receive(upTo: 100, within: .seconds(2))
            }
            try await context.time.sleep(for: .milliseconds(20))
            let began = context.time.uptime
            try await peer.publish(message, to: place)
            let deliveries = try await receiving.value()
            let took = context.time.uptime - began
            try context.requireExactly(deliveries, [message.id], "a receive with one message there")
            try await member.accept(deliveries)
            return took
        }
        let messages = context.messages(3)
        try await peer.publish(messages, to: place)
        var received: [Delivery] = []
        while received.count < 3 {
            let some = try await member.receive(upTo: 2, within: context.patience)
            try context.require(!some.isEmpty, "of three messages, receives of up to two gave \(received.count)")
            received += some
        }
        try context.requireExactly(received, messages.map(\.id), "three messages by receives of up to two")
    }

    static func returnsEmptyAfterItsWait(_ context: ScenarioContext) async throws {
        let peer = try await context.peer()
        let member = try await peer.subscribe(try await context.place(by: peer))
        for wait in [Duration.zero, .milliseconds(100), .milliseconds(300)] {
            try await context.requirePrompt("beyond its wait, a receive of nothing", within: .milliseconds(250)) {
                let began = context.time.uptime
                let deliveries = try await member.receive(upTo: 10, within: wait)
                let took = context.time.uptime - began
                try context.requireExactly(deliveries, [], "a receive where nothing was published")
                try context.require(
                    took >= wait, "a receive within \(wait.optionText) returned empty after \(took.inMilliseconds)")
                return took - wait
            }
        }
    }

    static func cancelledReceiveLosesNothing(_ context: ScenarioContext) async throws {
        let peer = try await context.peer()
        let place = try await context.place(by: peer)
        let member = try await peer.subscribe(place)
        try await context.requirePrompt("a cancelled receive of nothing", within: .milliseconds(100)) {
            try await cancelledReceive(context, member)
        }
        var generator = SeededGenerator(seed: context.seed)
        var received: [Delivery] = []
        var sent: [MessageID] = []
        var late: [Int] = []
        for point in 0..<200 {
            let message = context.message()
            sent.append(message.id)
            let receiving = context.meanwhile("a cancelled receive") {
                try await member.receive(upTo: 10, within: context.patience)
            }
            let publishing = context.meanwhile("a publish") { try await peer.publish(message, to: place) }
            let delay = Duration.microseconds(Int.random(in: 0...1000, using: &generator))
            if point % 4 != 0 { try await context.time.sleep(for: delay) }
            let (took, lateness) = try await context.measuringTheMachine {
                let cancelledAt = context.time.uptime
                received += try await cancelled(context, receiving)
                return context.time.uptime - cancelledAt
            }
            if took > .milliseconds(100), lateness.total <= .milliseconds(50) { late.append(point) }
            try context.require(
                late.count < 3, "a cancelled receive took over 100ms to end, at points \(late) of 200",
                about: [message.id])
            _ = try await publishing.value()
        }
        if received.count < 200 { received += try await member.take(200 - received.count) }
        try context.requireExactly(received, sent, "what was published around cancelled receives")
        try context.require(
            received.allSatisfy { $0.attempt == 1 }, "a cancelled receive has counted as an attempt",
            about: received.filter { $0.attempt != 1 }.map(\.message.id))
        try await member.accept(received)
        try await context.watch(member, publishingBy: peer, because: "it was accepted")
        if context.kind == .queue { try await CancelledNeighbours.passOn(context) }
    }

    /// How long a receive with nothing to return takes to end once it is cancelled.
    private static func cancelledReceive(_ context: ScenarioContext, _ member: Member) async throws -> Duration {
        let receiving = context.meanwhile("a cancelled receive") { try await member.receive(within: context.patience) }
        try await context.time.sleep(for: .milliseconds(30))
        let cancelledAt = context.time.uptime
        let deliveries = try await cancelled(context, receiving)
        try context.requireExactly(deliveries, [], "a cancelled receive where nothing was published")
        return context.time.uptime - cancelledAt
    }

    /// Cancels a receive; what it returned all the same.
    static func cancelled(
        _ context: ScenarioContext, _ receiving: Meanwhile<[Delivery]>
    ) async throws -> [Delivery] {
        receiving.cancel()
        do { return try await receiving.value() } catch let error as BrokerError {
            try context.require(error.code == .cancelled, "a cancelled receive threw \(error)")
            return []
        }
    }

    static func windowIsKept(_ context: ScenarioContext) async throws {
        let peer = try await context.peer()
        let place = try await context.place(by: peer)
        try await peer.publish(context.messages(12), to: place)
        let member = try await peer.subscribe(place, window: 4)
        let quiet = Duration.milliseconds(150)
        var held = try await member.take(4)
        func requireOpen(for count: Int, after what: String) async throws {
            let more = count == 0 ? [] : try await member.take(count)
            let extra = try await member.receive(upTo: 100, within: quiet)
            held += more + extra
            try context.require(
                extra.isEmpty, "\(what), a window of 4 held \(held.count) deliveries", about: held.map(\.message.id))
        }
        try await requireOpen(for: 0, after: "at first")
        try await member.settled(held.removeFirst(), .accept)
        try await requireOpen(for: 1, after: "after one accept")
        let two = Array(held.prefix(2))
        held.removeFirst(2)
        try await member.accept(two)
        try await requireOpen(for: 2, after: "after two accepts")
        try await member.accept(held)
        held = []
        try await requireOpen(for: 4, after: "after four accepts")
        try await member.cancel()
        try await bytesAreKept(context, peer)
    }

    private static func bytesAreKept(_ context: ScenarioContext, _ peer: Peer) async throws {
        let place = try await context.place(by: peer)
        let size = min(600, peer.broker.limits.maximumBodyBytes)
        let messages = (0..<4).map { _ in context.message(body: Body([UInt8](repeating: 0x62, count: size))) }
        try await peer.publish(messages, to: place)
        let member = try await peer.subscribe(place) { $0.windowBytes = size * 5 / 3 }
        for message in messages {
            let held = try await member.take(1)
            let more = try await member.receive(upTo: 100, within: .milliseconds(50))
            try context.require(
                more.isEmpty, "a window of \(size * 5 / 3) bytes held \(1 + more.count) bodies of \(size)",
                about: [message.id])
            try await member.accept(held)
        }
    }

    static func nothingWaitsBehindAReceive(_ context: ScenarioContext) async throws {
        let peer = try await context.peer()
        let (place, other) = (try await context.place(by: peer), try await context.place(by: peer))
        let member = try await peer.subscribe(place)
        let first = context.message()
        try await peer.publish(first, to: place)
        let held = try await member.take(1)
        let wait = max(context.patience, .seconds(2))
        let receiving = context.meanwhile("a waiting receive") { try await member.receive(within: wait) }
        try await context.time.sleep(for: .milliseconds(30))
        let listener = try await peer.subscribe(other)
        try await prompt(context, "publish") { _ = try await peer.publish(context.message(), to: other) }
        try await prompt(context, "receive of another consumer") { _ = try await listener.take(1) }
        try await prompt(context, "settle") { try await member.accept(held) }
        try await prompt(context, "cancel") { try await member.cancel() }
        do {
            let deliveries = try await receiving.value()
            throw ScenarioFailure(
                "a receive whose consumer was cancelled returned \(deliveries.count) deliveries instead of throwing",
                about: deliveries.map(\.message.id))
        } catch let error as BrokerError {
            try context.require(error.code == .ended, "a receive whose consumer was cancelled threw \(error)")
        }
    }

    private static func prompt(
        _ context: ScenarioContext, _ what: String, _ work: () async throws -> Void
    ) async throws {
        let began = context.time.uptime
        try await work()
        let took = context.time.uptime - began
        try context.require(took < .seconds(1), "while a receive waited, \(what) took \(took.inMilliseconds)")
    }
}
