import Messaging
import MessagingHub

/// Scenario 17: the hub's dead letters, and the broker's own beside them.
enum BrokerDeadLetters {
    static let all: [Scenario] = [
        Scenario(
            17, "The same with a dead-letter policy of the broker's own beside it: still once.",
            why: """
                Operators give queues dead-letter policies of their own; a message that failed would be repaired and \
                sent again twice, or be dead-lettered before its handler had its runs.
                """,
            .queue, level: .hub, needs: [.operation(.brokerDeadLetters), .operation(.retry)], body: stillOnce)
    ]

    static func stillOnce(_ context: ScenarioContext) async throws {
        try await besideTheHub(context)
        try await insteadOfTheHub(context)
    }

    /// A policy for a queue whose dead letters the hub sends: it has nothing to do.
    private static func besideTheHub(_ context: ScenarioContext) async throws {
        let peer = try await context.peer()
        let own = try await context.place(by: peer, .queue)
        let (place, message) = (context.nowhere(), context.message())
        let dead = context.deadLetters(of: place)
        let handler = context.handler { _ in throw AttemptScenarios.Fault() }
        let (queue, target) = (place.destination, own.destination)
        try await context.withHub(
            at: place, over: { OwnPolicy($0, of: queue, to: target) }, route: { $0.retry = AttemptScenarios.policy(3) }
        ) { hub in
            try await hub.subscribe(to: queue.topic, handler.handle)
            try await hub.publish(message, to: queue.topic)
            try await AttemptScenarios.requireDeadLetter(context, peer, dead, message, "exhausted")
        }
        try requireThreeRuns(context, handler, of: message)
        try await context.nothingComesBack(from: own, because: "the hub has dead-lettered it, and that is once")
        try await context.nothingComesBack(from: place, because: "it was dead-lettered")
    }

    /// `deadLetter: broker`: the hub discards, and publishes nothing.
    private static func insteadOfTheHub(_ context: ScenarioContext) async throws {
        let peer = try await context.peer()
        let (place, message, dead) = (context.nowhere(), context.message(), context.nowhere(.queue))
        let usual = context.deadLetters(of: place)
        try await context.declare(usual, by: peer)
        let traffic = Observed(Traffic(), on: context.time)
        let handler = context.handler { _ in throw AttemptScenarios.Fault() }
        try await context.withHub(
            at: place, over: { TrafficMeter($0, into: traffic) },
            route: { route in
                route.retry = AttemptScenarios.policy(3)
                route.deadLetter = .broker(dead.destination.topic)
            }
        ) { hub in
            try await hub.subscribe(to: place.destination.topic, handler.handle)
            try await hub.publish(message, to: place.destination.topic)
            let member = try await peer.subscribe(dead)
            let letter = try await member.takeOne()
            try context.requireExactly([letter], [message.id], "the dead letter of the broker's own")
            try await member.accept([letter])
            try await context.watch(member, publishingBy: peer, because: "it was dead-lettered once")
            try await member.cancel()
        }
        try requireThreeRuns(context, handler, of: message)
        let (discarded, forwarded) = (traffic.value.settled("discard"), traffic.value.settled("forward"))
        try context.require(
            discarded == 1 && forwarded == 0,
            "where the broker dead-letters, the hub discarded \(discarded) times and forwarded \(forwarded) times",
            about: [message.id])
        try await context.nothingComesBack(from: usual, because: "the broker has dead-lettered it, and that is once")
        try await context.nothingComesBack(from: place, because: "it was dead-lettered")
    }

    private static func requireThreeRuns(
        _ context: ScenarioContext, _ handler: RecordingHandler, of message: Message
    ) throws {
        let attempts = handler.handled.map(\.attempt)
        try context.require(
            attempts == [1, 2, 3], "beside a policy of the broker's own it ran as attempts \(attempts), not 1 to 3",
            about: [message.id])
    }
}

/// A broker whose operator has given a queue a dead-letter policy, whatever is declared.
private final class OwnPolicy: BrokerDecorator {
    let base: any MessageBroker
    private let queue: Destination
    private let target: Destination

    init(_ base: any MessageBroker, of queue: Destination, to target: Destination) {
        self.base = base
        self.queue = queue
        self.target = target
    }

    func declare(_ declarations: [DestinationDeclaration]) async throws(BrokerError) {
        var edited = declarations
        for index in edited.indices where edited[index].destination == queue {
            edited[index].deadLetters = .broker(target)
        }
        try await base.declare(edited)
    }
}
