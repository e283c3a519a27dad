import Messaging

/// What becomes of messages whose publisher, server or connection ends.
enum LostPublisherScenarios {
    static let all: [Scenario] = [
        Scenario(
            24, "A delayed message survives the end of its publisher and a restart of the broker.",
            why: "A reminder for tomorrow would be gone with tonight's deployment.",
            .queue, needs: [.operation(.delay), .crash], body: delayedSurvives),
        Scenario(
            28, "A publish that returned is there: the broker is killed right after, and it is delivered.",
            why: "An order that the customer saw confirmed would never be shipped.",
            .queue, .stream, needs: [.crash], body: confirmedSurvives),
        Scenario(
            35,
            "A publish in flight while the connection breaks is confirmed and delivered, or thrown; never silent.",
            why: "The program would go on as if a message were sent that nobody has.",
            .queue, .stream, needs: [.link], body: brokenInFlight),
        Scenario(
            84, "A publisher is killed with SIGKILL under load: every confirmed message is delivered.",
            why: "What was confirmed would be lost with the process that published it.",
            .queue, .stream, needs: [.kill], body: killedPublisher),
    ]

    static func delayedSurvives(_ context: ScenarioContext) async throws {
        let publisher = try await context.peer()
        let place = try await context.place(by: publisher, delays: .seconds(10))
        // One is due while the server is down, the other long after.
        let delays = [context.delay(60), context.delay(500)]
        let messages = delays.enumerated().map { index, delay in
            var message = context.message(index == 0 ? "due while down" : "due later")
            message.notBefore = context.time.now + delay
            return message
        }
        try await publisher.publish(messages, to: place)
        await publisher.kill()
        try await context.crash()
        let due = messages[0].notBefore ?? context.time.now
        try await context.time.sleep(for: max(.zero, due - context.time.now) + .milliseconds(20))
        try await context.restart()
        let heir = try await context.peer().subscribe(place)
        for message in messages {
            let delivery = try await heir.takeOne()
            let now = context.time.now
            try context.require(
                delivery.message.id == message.id,
                "\(context.names([delivery.message.id])) came, not \(context.names([message.id]))", about: [message.id])
            try context.require(
                message.notBefore.map { $0 <= now } ?? true,
                "after a restart, a delayed message came before it was due", about: [message.id])
            try await heir.settled(delivery, .accept)
        }
    }

    static func confirmedSurvives(_ context: ScenarioContext) async throws {
        let peer = try await context.peer()
        let place = try await context.place(by: peer)
        var confirmed: [MessageID] = []
        for round in 0..<6 {
            if round.isMultiple(of: 2) {
                let message = context.message()
                try await peer.publish(message, to: place)
                confirmed.append(message.id)
            } else {
                let messages = context.messages(20)
                try await peer.publish(messages, to: place)
                confirmed += messages.map(\.id)
            }
            try await context.crash()
            try await context.restart()
        }
        let member = try await context.peer().subscribe(place)
        let deliveries = try await member.take(confirmed.count)
        try context.requireExactly(deliveries, confirmed, "what was confirmed before the server was killed")
    }

    /// Each way to break a connection while a publish is on its way, of one message and of several.
    private enum Break: String, CaseIterable {
        case sending = "cut while sending"
        case receiving = "cut while receiving"
        case blackHole = "black-holed, then cut"
        case cut = "cut"
    }

    static func brokenInFlight(_ context: ScenarioContext) async throws {
        let (broken, other) = (try await context.peer(), try await context.peer())
        let place = try await context.place(by: other)
        var fates = Fates()
        for (way, count) in Break.allCases.flatMap({ way in [1, 8].map { (way, $0) } }) {
            let messages = context.messages(count)
            let before = broken.losses
            try await broken.disturb("is \(way.rawValue)", context) { link in
                switch way {
                case .blackHole: try await link.blackHole()
                case .sending: try await link.cutWhileSending()
                case .receiving: try await link.cutWhileReceiving()
                case .cut: break
                }
            }
            let publishing = context.meanwhile("a publish while the connection is \(way.rawValue)") {
                count == 1
                    ? try await broken.outcomes(ofOne: messages[0], to: place)
                    : try await broken.outcomes(of: messages, to: place)
            }
            if way == .blackHole { try await context.time.sleep(for: .milliseconds(20)) }
            if way == .blackHole || way == .cut { try await broken.disturb("is cut", context) { try await $0.cut() } }
            fates.add(messages.map(\.id), try await publishing.value())
            try await broken.isLost(moreThan: before, context, way.rawValue)
            try await broken.heal(context)
            try await broken.isUp(context, "once \(way.rawValue)")
        }
        try fates.check(try await arrivals(at: try await other.subscribe(place), fates.confirmed, context), context)
    }

    /// What comes out of a place, at least until these are there, and until nothing more comes.
    private static func arrivals(
        at member: Member, _ confirmed: Set<MessageID>, _ context: ScenarioContext
    ) async throws -> Set<MessageID> {
        var arrived: Set<MessageID> = []
        while true {
            let isComplete = confirmed.isSubset(of: arrived)
            let quiet = isComplete ? context.harness.redeliveryTimeout : context.patience
            let more = try await member.receive(upTo: 256, within: quiet)
            if more.isEmpty { return arrived }
            try await member.accept(more)
            arrived.formUnion(more.map(\.message.id))
        }
    }

    /// What a publisher was told.
    private struct Fates: Sendable {
        var confirmed: Set<MessageID> = []
        var refused: Set<MessageID> = []

        mutating func add(_ ids: [MessageID], _ outcomes: [Int: PublishFailure.Outcome]) {
            for (index, id) in ids.enumerated() {
                switch outcomes[index] {
                case nil: confirmed.insert(id)
                case .refused: refused.insert(id)
                case .unknown: break
                }
            }
        }

        func check(_ arrived: Set<MessageID>, _ context: ScenarioContext) throws {
            let lost = confirmed.subtracting(arrived)
            try context.require(
                lost.isEmpty, "\(context.names(lost)) was confirmed and is not there", about: Array(lost))
            let strange = refused.intersection(arrived)
            try context.require(
                strange.isEmpty, "\(context.names(strange)) was refused and is there", about: Array(strange))
        }
    }

    static func killedPublisher(_ context: ScenarioContext) async throws {
        let (doomed, other) = (try await context.peer(), try await context.peer())
        let place = try await context.place(by: other)
        let fates = Observed(Fates(), on: context.time)
        let publishing = (0..<8).map { task in
            context.meanwhile("publishing task \(task)", within: context.patience * 2) {
                while true {
                    let messages = context.messages(task < 4 ? 1 : 5)
                    let outcomes =
                        task < 4
                        ? try await doomed.outcomes(ofOne: messages[0], to: place)
                        : try await doomed.outcomes(of: messages, to: place)
                    fates.change { $0.add(messages.map(\.id), outcomes) }
                    if outcomes.count == messages.count { return }
                    try await context.time.sleep(for: .milliseconds(1))
                }
            }
        }
        let isLoaded = await fates.first(within: context.patience) { $0.confirmed.count >= 200 } != nil
        try context.require(isLoaded, "fewer than 200 messages were confirmed under load")
        await doomed.kill()
        for task in publishing { try await task.value() }
        let told = fates.value
        try told.check(try await arrivals(at: try await other.subscribe(place), told.confirmed, context), context)
    }
}
