import Messaging

/// Scenario 67: messages with options beside messages without, in one call and in several.
struct SeveralOptions {
    private let context: ScenarioContext
    private let peer: Peer
    private let place: Place
    private let member: Member

    static func stayWithTheirMessage(_ context: ScenarioContext) async throws {
        let peer = try await context.peer()
        let isPrioritised = context.can(.priority)
        let place = try await context.place(by: peer) {
            if isPrioritised { $0.maximumPriority = peer.broker.limits.maximumPriority }
        }
        let member = try await peer.subscribe(place)
        let options = SeveralOptions(context: context, peer: peer, place: place, member: member)
        try await options.doNotStick()
        try await options.failAlone()
        try await context.watch(member, publishingBy: peer, because: "an option of it was out of range")
    }

    /// As many options as the broker takes of those that there are.
    private func equipped() -> Message {
        let limits = peer.broker.limits
        var message = context.message("with options", key: "key")
        message.type = "order.created"
        message.correlationID = "correlation-1"
        message.replyTo = "reply.here"
        message.contentType = .json
        message.contentEncoding = "identity"
        message.deliveryMode = .transient
        if context.can(.priority) { message.priority = min(7, limits.maximumPriority) }
        if context.can(.expiration) { message.expiration = context.time.now + .seconds(3600) }
        if limits.maximumHeaders > 0 { message.headers.append("Tenant", "first") }
        return message
    }

    /// What an option sets is not on the message behind it, of the same call or of the next.
    private func doNotStick() async throws {
        let bare = (0..<4).map { context.message("bare \($0)") }
        try await peer.publish([equipped(), bare[0], equipped(), bare[1]], to: place)
        try await peer.publish(equipped(), to: place)
        try await peer.publish(bare[2], to: place)
        try await peer.publish([equipped()], to: place)
        try await peer.publish([bare[3]], to: place)
        let deliveries = try await member.take(8)
        for message in bare {
            guard let came = deliveries.first(where: { $0.message.id == message.id })?.message else {
                throw ScenarioFailure("a message without options did not arrive", about: [message.id])
            }
            let differences = PayloadScenarios.differences(message.inWholeMilliseconds, came.inWholeMilliseconds)
            try context.require(
                differences.isEmpty, "behind a message with options, \(differences.joined(separator: "; "))",
                about: [message.id])
        }
        try await member.accept(deliveries)
    }

    /// Messages of which one option is out of range, with what it is.
    private func outOfRange() -> [(String, BrokerError.Code, Message)] {
        let limits = peer.broker.limits
        func message(_ name: String, _ edit: (inout Message) -> Void) -> Message {
            var message = context.message(name)
            edit(&message)
            return message
        }
        let tooLong = String(repeating: "k", count: limits.maximumFieldBytes + 1)
        var wrong: [(String, BrokerError.Code, Message)] = [
            ("a priority of 11", .invalidArgument, message("priority 11") { $0.priority = 11 }),
            ("a priority of 255", .invalidArgument, message("priority 255") { $0.priority = 255 }),
            ("a key that is too long", .tooLarge, message("long key") { $0.key = tooLong }),
            ("a type with a line break", .invalidArgument, message("broken type") { $0.type = "a\nb" }),
            ("a reply-to with a NUL", .invalidArgument, message("NUL in reply-to") { $0.replyTo = "a\0b" }),
        ]
        if context.can(.delay) {
            let never = context.time.now + limits.maximumDelay + .seconds(3600)
            wrong.append(
                ("a delay that is too long", .invalidArgument, message("long delay") { $0.notBefore = never }))
        }
        return wrong
    }

    /// Each is refused, between two that are not.
    private func failAlone() async throws {
        for (what, code, message) in outOfRange() {
            let neighbours = context.messages(2)
            let outcomes = try await peer.outcomes(of: [neighbours[0], message, neighbours[1]], to: place)
            try context.requireRefused(outcomes[1], code, message, what)
            try context.require(
                outcomes.count == 1, "beside \(what), \(outcomes.count - 1) other messages were not confirmed",
                about: neighbours.map(\.id))
            let deliveries = try await member.take(2)
            try context.requireExactly(deliveries, neighbours.map(\.id), "the neighbours of \(what)")
            try await member.accept(deliveries)
        }
    }
}

extension Message {
    /// The same with a timestamp of whole milliseconds, which is all that is carried.
    fileprivate var inWholeMilliseconds: Message {
        var message = self
        message.timestamp = Timestamp(milliseconds: timestamp.milliseconds)
        return message
    }
}
