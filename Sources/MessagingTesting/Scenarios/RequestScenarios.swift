import Messaging
import MessagingHub
import MessagingReliability

/// Scenarios 90 to 92: requests and their replies, by the broker's own way where it has one, and by a reply topic.
enum RequestScenarios {
    static let all: [Scenario] = [
        Scenario(
            90, "A thousand requests at once get their own replies, in whatever order these come.",
            why: """
                A program that acts on the answer to another one's question does the right thing to the wrong order, \
                and nothing tells.
                """,
            of: DestinationKind.allCases, level: .hub, body: everybodyGetsTheirOwn),
        Scenario(
            91,
            """
            A reply after its time-out resolves nothing; a reply from a stranger resolves nothing; a hostile reply body \
            does nothing else.
            """,
            why: """
                Who answers late, twice or uninvited would answer for somebody else, and what a reply says would be \
                done instead of read.
                """,
            of: DestinationKind.allCases, level: .hub, body: HostileReplies.resolveNothing),
        Scenario(
            92,
            """
            A request to nobody fails at once where the broker can tell, else at its time-out; the requester's end \
            does not leave the responder in a loop.
            """,
            why: """
                Every caller would wait for its whole time-out where nobody is there; and a request whose requester is \
                gone would be handled again and again, because its reply can never be sent.
                """,
            of: DestinationKind.allCases, level: .hub, body: RequestToNobody.endsWell),
    ]

    /// Does something over the broker as it is, where it has requests of its own, and over one that has none.
    static func eachWay(
        _ context: ScenarioContext, _ work: (RequestWay, Peer) async throws -> Void
    ) async throws {
        let peer = try await context.peer()
        if peer.broker.requests != nil, context.can(.request) { try await work(.native, peer) }
        if context.can(.serve, .pubSub) { try await work(.byTopic, peer) }
    }

    static func everybodyGetsTheirOwn(_ context: ScenarioContext) async throws {
        try await eachWay(context) { way, _ in
            let (place, count) = (context.nowhere(), 1000)
            let time = context.time
            let wrong = try await context.withHub(at: place, over: way.over, route: roomy) { responder in
                try await responder.respond(to: place.destination.topic, group: place.group, concurrency: 64) {
                    request in
                    let number = Int(request.message.body.text ?? "") ?? 0
                    // The later of seven neighbours is answered first.
                    try await time.sleep(for: .milliseconds(14 - 2 * (number % 7)))
                    return Message(Body("answer to \(number)"))
                }
                return try await context.withHub(at: place, over: way.over, route: roomy) { requester in
                    try await askAll(count, of: place, by: requester, within: context.patience * 2)
                }
            }
            let first = wrong.sorted().first ?? ""
            try context.require(
                wrong.isEmpty, "\(way): of \(count) requests \(wrong.count) did not get their own reply: \(first)")
            try await context.nothingComesBack(from: place, because: "the request was answered")
        }
    }

    @Sendable static func roomy(_ route: inout RouteConfiguration) {
        route.window = 2048
        route.concurrency = 64
    }

    /// Asks so many at once; a sentence for each that did not get its own reply.
    private static func askAll(
        _ count: Int, of place: Place, by hub: MessageHub, within limit: Duration
    ) async throws -> [String] {
        await withTaskGroup(of: String?.self) { group in
            for number in 0..<count {
                group.addTask {
                    do {
                        let question = Message(Body("\(number)"))
                        let reply = try await hub.request(question, to: place.destination.topic, within: limit)
                        let text = reply.body.text ?? "\(reply.body)"
                        return text == "answer to \(number)" ? nil : "request \(number) got \(text.quoted)"
                    } catch {
                        return "request \(number) got \(error)"
                    }
                }
            }
            return await group.reduce(into: []) { wrong, sentence in if let sentence { wrong.append(sentence) } }
        }
    }
}

/// How the requests of a scenario are answered.
enum RequestWay: String, CustomStringConvertible, Sendable {
    case native = "by the broker's own way"
    case byTopic = "by a reply topic"

    var description: String { rawValue }

    /// The broker, without requests of its own where the way is a reply topic.
    func over(_ broker: any MessageBroker) -> any MessageBroker {
        self == .native ? broker : WithoutRequests(broker)
    }
}

extension Peer {
    /// Replies by hand to a request, as a responder of any make would: with this correlation id, to its address.
    func reply(_ answer: Message, to request: Message, correlationID: String?) async throws {
        var answer = answer
        answer.correlationID = correlationID
        guard let address = request.replyTo else {
            throw ScenarioFailure("a request came without an address for its reply")
        }
        if address.hasPrefix("hub-reply.") {
            try await publish(answer, to: Place(.pubSub(Topic(stringLiteral: address)), group: nil))
        } else {
            do { try await broker.requests?.reply(answer, to: address, within: .seconds(5)) } catch {
                // Nobody waits there any more, as the broker can tell.
                if error.code != .noSuchDestination { throw error }
            }
        }
    }
}
