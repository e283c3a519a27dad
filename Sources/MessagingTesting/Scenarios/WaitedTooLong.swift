import Messaging

/// Scenario 25, in queues that keep a message for some time only.
struct WaitedTooLong {
    private let context: ScenarioContext
    private let peer: Peer

    init(_ context: ScenarioContext, _ peer: Peer) {
        self.context = context
        self.peer = peer
    }

    func isJudged() async throws {
        try await trying { try await isNotHandedOut(after: $0) }
        if context.can(.retry) { try await trying { try await delayIsNoWaiting($0) } }
        if context.can(.brokerDeadLetters) { try await trying { try await isDeadLettered(after: $0) } }
    }

    /// On a machine that stalled, everything may have waited for too long: then it is tried once more, with longer.
    private func trying(_ body: (Duration) async throws -> Void) async throws {
        do { try await body(.milliseconds(500)) } catch is ScenarioFailure { try await body(.seconds(3)) }
    }

    private func waitOut(_ retention: Duration) async throws {
        try await context.time.sleep(for: retention + .milliseconds(100))
    }

    /// What waits, also in the process that it was sent ahead to, is gone; what is held is not, until it is given back.
    private func isNotHandedOut(after retention: Duration) async throws {
        let place = try await context.place(by: peer) { $0.retention = retention }
        let member = try await peer.subscribe(place)
        let messages = context.messages(3)
        try await peer.publish(messages, to: place)
        let held = try await member.take(2)
        try context.requireExactly(held, messages[..<2].map(\.id), "what had not waited for long")
        try await waitOut(retention)
        try await member.settled(held[0], .accept)
        try await member.settled(held[1], .release)
        let late = try await member.receive(upTo: 3, within: .milliseconds(300))
        let names = context.names(late.map(\.message.id))
        try context.require(
            late.isEmpty, "\(names) was handed out after the retention of its queue", about: late.map(\.message.id))
        if context.can(.expiredCount) {
            let label = Subscription(place.destination).label
            let counted = await peer.broker.health().subscriptions.first { $0.label == label }?.expired
            try context.require(
                counted == 2, "health counts \(counted ?? 0) messages that waited too long, not 2",
                about: messages[1...].map(\.id))
        }
        let fresh = context.message()
        try await peer.publish(fresh, to: place)
        try await member.settled(try await member.takeOne(), .accept)
        try await member.cancel()
    }

    /// A delay that is longer than the retention: the time begins when it is over.
    private func delayIsNoWaiting(_ retention: Duration) async throws {
        let delay = context.delay(200) + retention
        let place = try await context.place(by: peer, delays: delay) { $0.retention = retention }
        let member = try await peer.subscribe(place)
        var message = context.message()
        if context.can(.delay) { message.notBefore = context.time.now + delay }
        try await peer.publish(message, to: place)
        if context.can(.delay) { try await context.time.sleep(for: delay) }
        try await member.settled(try await member.takeOne(), .retry(after: delay, failure: nil))
        try await context.time.sleep(for: delay)
        let again = try await member.takeOne()
        try context.requireExactly([again], [message.id], "what was retried after longer than its queue keeps it")
        try await member.settled(again, .accept)
        try await member.cancel()
    }

    /// With nobody there to receive: where the broker is to dead-letter, what has waited too long goes there, and so does
    /// what had less time of its own.
    private func isDeadLettered(after retention: Duration) async throws {
        let dead = try await context.place(by: peer)
        var edits: [(inout DestinationDeclaration) -> Void] = [{ _ in }]
        if context.can(.order) { edits.append { $0.order = .perKey } }
        if context.can(.priority) { edits.append { $0.maximumPriority = 1 } }
        var origins: [MessageID: Place] = [:]
        let began = context.time.now
        for edit in edits {
            let place = try await context.place(by: peer) { declaration in
                declaration.retention = retention
                declaration.deadLetters = .broker(dead.destination)
                edit(&declaration)
            }
            var messages = context.messages(2)
            messages[1].expiration = context.time.now + retention / 2
            try await peer.publish(messages, to: place)
            for message in messages { origins[message.id] = place }
        }
        let member = try await peer.subscribe(dead)
        let early = try await member.receive(within: retention / 4)
        let took = context.time.now - began
        try await waitOut(retention)
        let letters = early + (try await member.take(origins.count - early.count))
        try context.requireExactly(letters, Array(origins.keys), "what had waited too long, dead-lettered")
        try context.require(
            early.isEmpty || took >= retention / 2, "after \(took.inMilliseconds) it had waited too long",
            about: early.map(\.message.id))
        for letter in letters { try requireSaid(of: letter.message, from: origins[letter.message.id]) }
        try await member.accept(letters)
        try await member.cancel()
        for place in Set(origins.values) {
            let member = try await peer.subscribe(place)
            let late = try await member.receive(within: .milliseconds(100))
            try context.requireExactly(late, [], "what is left of \(place)")
            try await member.cancel()
        }
    }

    /// Why it is there, as far as the broker carries that, and nothing that would let it expire again.
    private func requireSaid(of letter: Message, from place: Place?) throws {
        let (reason, origin) = (letter.headers[.deadLetterReason], letter.headers[.deadLetterOrigin])
        try context.require(
            reason == nil || reason == "expired", "the dead letter says \(reason ?? ""), not expired",
            about: [letter.id])
        try context.require(
            origin == nil || origin == place?.destination.topic.name,
            "the dead letter is said to be of \(origin ?? "")",
            about: [letter.id])
        try context.require(
            letter.expiration == nil, "the dead letter still has its expiration", about: [letter.id])
    }
}
