import Messaging
import MessagingHub
import MessagingReliability

/// Scenario 91: a responder by hand, which replies late, twice, to others and with what is no answer.
struct HostileReplies: Sendable {
    private let context: ScenarioContext
    private let way: RequestWay
    private let place: Place
    private let peer: Peer
    private let member: Member
    private let hub: MessageHub

    static func resolveNothing(_ context: ScenarioContext) async throws {
        try await RequestScenarios.eachWay(context) { way, peer in
            let place = context.nowhere()
            try await context.withHub(at: place, over: way.over) { hub in
                let member = try await peer.subscribe(place)
                let hostile = HostileReplies(
                    context: context, way: way, place: place, peer: peer, member: member, hub: hub)
                try await hostile.late()
                if way == .byTopic { try await hostile.justTooLate() }
                try await hostile.strangers()
                try await hostile.bodies()
                try await hostile.errors()
                try await hostile.stillWorks()
                try await member.cancel()
            }
        }
    }

    /// A request on its way, and as the responder has it. What the responder has settled never comes back, whatever
    /// becomes of the reply.
    private func asked(
        _ text: String, within limit: Duration? = nil
    ) async throws -> (Meanwhile<Result<Message, any Error>>, Message) {
        let (hub, topic) = (hub, place.destination.topic)
        let limit = limit ?? context.patience
        let asking = context.meanwhile("request \(text)") { () -> Result<Message, any Error> in
            do { return .success(try await hub.request(Message(Body(text)), to: topic, within: limit)) } catch {
                return .failure(error)
            }
        }
        let delivery = try await member.takeOne()
        try await member.accept([delivery])
        return (asking, delivery.message)
    }

    private func reply(_ text: String, to request: Message) async throws {
        try await peer.reply(Message(Body(text)), to: request, correlationID: request.correlationID)
    }

    private func require(_ asking: Meanwhile<Result<Message, any Error>>, is text: String, _ when: String) async throws
    {
        let result = try await asking.value()
        let given: String
        switch result {
        case .success(let reply): given = reply.body.text ?? "\(reply.body)"
        case .failure(let error): given = "\(error)"
        }
        try context.require(given == text, "\(way): \(when) got \(given.quoted), not \(text.quoted)")
    }

    private func requireTimeout(_ asking: Meanwhile<Result<Message, any Error>>, _ when: String) async throws {
        guard case .failure(let error as BrokerError) = try await asking.value(), error.code == .timeout else {
            throw ScenarioFailure("\(way): \(when) did not end with its time-out")
        }
    }

    /// A reply after its time-out, and a second reply, while the next request waits. Behind one that took what the first takes:
    /// a real broker needs longer to make what replies come by than the next has.
    private func late() async throws {
        let (zeroth, begun) = try await asked("zeroth")
        try await reply("begun", to: begun)
        try await require(zeroth, is: "begun", "the first request")
        let (first, missed) = try await asked("first", within: context.delay(60))
        try await requireTimeout(first, "a request that nobody answers")
        let (second, waiting) = try await asked("second")
        try await reply("late", to: missed)
        try await reply("own", to: waiting)
        try await require(second, is: "own", "the request after a late reply")
        let (third, next) = try await asked("third")
        try await reply("again", to: waiting)
        try await reply("third's own", to: next)
        try await require(third, is: "third's own", "the request after a reply that came twice")
    }

    /// A reply that comes when the time of its request is over, whether its requester knows that by then or not.
    private func justTooLate() async throws {
        let limit = context.delay(60)
        let (asking, request) = try await asked("slow", within: limit)
        try await context.time.sleep(for: limit)
        try await reply("too late", to: request)
        try await requireTimeout(asking, "a request that was answered after its time")
    }

    /// Replies to the address of a request from somebody who has not seen it.
    private func strangers() async throws {
        let (asking, request) = try await asked("whose")
        let known = request.correlationID ?? ""
        var guesses = ["0", String(repeating: "0", count: 32), "\(CorrelationID())", known.uppercased(), "\(known)0"]
        guesses += ["\(known.dropLast())", String(repeating: "f", count: 200)].filter { $0 != known }
        for guess in guesses where guess != known && fits(guess) {
            try await peer.reply(Message("from a stranger"), to: request, correlationID: guess)
        }
        if way == .byTopic { try await peer.reply(Message("from a stranger"), to: request, correlationID: nil) }
        var other = request
        other.replyTo = request.replyTo.map { "\($0)x" }
        if way == .native { try await peer.reply(Message("from a stranger"), to: other, correlationID: known) }
        var forged = Message("forged")
        forged.headers[.replyError] = "given up, says a stranger"
        try await peer.reply(forged, to: request, correlationID: "\(CorrelationID())")
        try await reply("the one that was asked", to: request)
        try await require(asking, is: "the one that was asked", "a request that strangers replied to")
    }

    private func fits(_ text: String) -> Bool { text.utf8.count <= context.peerLimits?.maximumFieldBytes ?? 128 }

    /// Bodies that are words to a broker or to a program, and the largest there may be: each arrives as it is.
    private func bodies() async throws {
        let largest = min(context.peerLimits?.maximumBodyBytes ?? 1 << 16, 1 << 18)
        let bodies: [Body] = [
            Body("-NAK"), Body("+TERM"), Body("-ERR"), Body([0xFF, 0xFE, 0x00]), .empty,
            Body([UInt8](repeating: 0x7B, count: largest)),
        ]
        for body in bodies where body.count <= largest {
            let (asking, request) = try await asked("hostile")
            try await peer.reply(Message(body), to: request, correlationID: request.correlationID)
            guard case .success(let reply) = try await asking.value(), reply.body.array == body.array else {
                throw ScenarioFailure("\(way): a reply of \(body) did not arrive as it was sent")
            }
        }
        let (hub, typed) = (hub, TypedTopic<String>(place.destination.topic))
        let limit = context.patience
        let asking = context.meanwhile("a request for a number") { () -> String in
            do { return "\(try await hub.request("how many?", to: typed, as: Int.self, within: limit))" } catch {
                return (error as? BrokerError)?.code.name ?? "\(error)"
            }
        }
        let request = try await member.takeOne()
        try await member.accept([request])
        try await reply("{\"many\": ", to: request.message)
        let said = try await asking.value()
        try context.require(
            said == "serialization", "\(way): a reply that cannot be read was answered with \(said.quoted)")
    }

    /// Replies that say that there is none: they are read, and end the request alone.
    private func errors() async throws {
        let most = min(context.peerLimits?.maximumHeaderValueBytes ?? 1024, 4096)
        let sentence = String(repeating: "no ", count: max(1, most / 3 - 1))
        for (reason, expected) in [("rejected", DeadLetter.Reason.rejected), ("shutdown -9", nil)] {
            var answer = Message("ignored")
            answer.headers[.replyError] = sentence
            answer.headers[.replyErrorReason] = reason
            if context.peerLimits?.refusal(of: answer, at: context.time.now) != nil { continue }
            let (asking, request) = try await asked("refused")
            try await peer.reply(answer, to: request, correlationID: request.correlationID)
            guard case .failure(let failure as RequestFailure) = try await asking.value() else {
                throw ScenarioFailure("\(way): a reply that says that there is none did not fail its request")
            }
            try context.require(
                failure.reason == expected && failure.sentence.utf8.count <= DeadLetter.maximumErrorBytes,
                "\(way): the error of a reply was taken as \(failure.description.quoted)")
        }
    }

    private func stillWorks() async throws {
        let (asking, request) = try await asked("last")
        try await reply("last one", to: request)
        try await require(asking, is: "last one", "the request after hostile ones")
        let left = hub.pendingRequests
        try context.require(left == 0, "\(way): \(left) requests still wait, though each was answered or given up")
        try await context.watch(member, publishingBy: peer, because: "it was accepted, whatever became of its reply")
    }
}
