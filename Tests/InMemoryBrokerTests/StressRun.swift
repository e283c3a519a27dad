import InMemoryBroker
import Messaging
import MessagingTesting

/// Publishers on shared connections, consumers that come and go, and somebody who kills, closes, deletes, declares and
/// binds in between. Every message says in its body where it was sent, by whom, and which one of that publisher's it is.
final class StressRun: Sendable {
    /// What must add up. `first` is where a message was sent; `sink` receives what is forwarded from `plain`.
    struct Account: Sendable {
        var sent: Set<String> = []
        var handled: Set<String> = []
        var forwarded: Set<String> = []
        var drained: Set<String> = []
        /// The last that was accepted of each publisher, where order is kept, and when that was known.
        var last: [String: (number: Int, known: Duration)] = [:]
        var problems: [String] = []
        var isDone: Bool { handled.count >= sent.count && drained.count >= forwarded.count }
    }

    static let capacity = 64
    static let ordered = Destination.queue("ordered")
    static let plain = Destination.queue("plain")
    static let stream = Destination.stream("events")
    static let sink = Destination.queue("sink")
    /// Deleted and declared again, so that what is in it cannot be counted.
    static let churned = Destination.queue("churned")
    /// Bound to `plain` now and then; nobody consumes from it.
    static let copies = Destination.queue("copies")

    let seed: Int
    private let server = InMemoryServer(maximumMessages: capacity)
    let account = Lock(Account())
    private let connections: Lock<[InMemoryBroker]>

    init(seed: Int) {
        self.seed = seed
        connections = Lock([])
    }

    var problems: [String] { account.withLock { $0.problems } }
    var sent: Int { account.withLock { $0.sent.count } }

    func go() async throws {
        var fresh: [InMemoryBroker] = []
        for _ in 0..<3 { fresh.append(try await connect()) }
        connections.withLock { [fresh] in $0 = fresh }
        var events = DestinationDeclaration(Self.stream)
        events.groups["all"] = .init()
        events.order = .perKey
        var ordered = DestinationDeclaration(Self.ordered)
        ordered.order = .perKey
        try await fresh[0].declare(
            [ordered, events] + [Self.plain, Self.sink, Self.churned].map { DestinationDeclaration($0) })
        let places = [Self.ordered, Self.ordered, Self.plain, Self.plain, Self.plain, Self.stream, Self.stream]
        await withTaskGroup(of: Void.self) { consumers in
            for (id, place) in (places + [Self.sink, Self.churned]).enumerated() {
                consumers.addTask { await self.consume(place, id) }
            }
            // Rush after rush, and quiet between: whoever was not woken then waits for ever.
            for rush in 0..<10 where problems.isEmpty {
                await withTaskGroup(of: Void.self) { chaos in
                    chaos.addTask { await self.disturb(rush) }
                    await withTaskGroup(of: Void.self) { publishers in
                        for id in 0..<6 { publishers.addTask { await self.publish(id, rush) } }
                    }
                    chaos.cancelAll()
                }
                server.start()
                await settleDown()
            }
            consumers.cancelAll()
        }
    }

    /// Waits until everything is handled, and adds up.
    private func settleDown() async {
        let end = SystemTime.shared.uptime + .seconds(60)
        while !account.withLock({ $0.isDone }), SystemTime.shared.uptime < end {
            try? await SystemTime.shared.sleep(for: .milliseconds(2))
        }
        account.withLock { account in
            let (lost, foreign) = (account.sent.subtracting(account.handled), account.handled.subtracting(account.sent))
            if !lost.isEmpty { account.problems.append("\(lost.count) not handled, such as \(lost.sorted()[0])") }
            if !foreign.isEmpty { account.problems.append("handled, not sent: \(foreign.sorted()[0])") }
            if account.drained != account.forwarded { account.problems.append("what was forwarded is not what came") }
        }
    }

    func connect() async throws -> InMemoryBroker {
        let broker = InMemoryBroker(server)
        try await broker.connect { _ in }
        return broker
    }

    private func report(_ problem: String) { account.withLock { $0.problems.append(problem) } }
}

extension StressRun {
    private func publish(_ id: Int, _ rush: Int) async {
        var random = SeededGenerator(seed: UInt64(seed * 1000 + rush * 10 + id))
        var next = rush * 1_000_000
        for _ in 0..<30 {
            let place =
                [Self.ordered, Self.plain, Self.stream, Self.churned].randomElement(using: &random) ?? Self.plain
            let count = Bool.random(using: &random) ? 1 : Int.random(in: 2...12, using: &random)
            let messages = (0..<count).map { _ in
                next += 1
                let padding = String(repeating: "x", count: Int.random(in: 0...40, using: &random))
                var message = Message(Body("\(place.topic.name)|\(id)|\(next)|\(padding)"), key: "\(id)")
                if Int.random(in: 0..<10, using: &random) == 0 { message.headers = ["slow": "way"] }
                return message
            }
            let isPatient = Int.random(in: 0..<4, using: &random) > 0
            let options = PublishOptions(
                deadline: isPatient ? .seconds(60) : .zero, positions: Int.random(in: 0..<8, using: &random) == 0)
            let failures = await outcomes(of: messages, to: place, options, by: id)
            for (index, message) in messages.enumerated() {
                switch failures[index] {
                case nil: confirmed(message, at: place)
                case .unknown(let error): report("unknown: \(error)")
                case .refused(let error) where isPatient && error.code == .resourceExhausted: report("\(error)")
                case .refused: break
                }
            }
        }
    }

    private func outcomes(
        of messages: [Message], to place: Destination, _ options: PublishOptions, by id: Int
    ) async -> [Int: PublishFailure.Outcome] {
        let broker = connections.withLock { $0[id % $0.count] }
        do {
            if messages.count == 1 {
                try await broker.publish(messages[0], to: place, options: options)
            } else {
                try await broker.publish(messages, to: place, options: options)
            }
            return [:]
        } catch {
            return error.outcomes
        }
    }

    private func confirmed(_ message: Message, at place: Destination) {
        if place == Self.churned { return }
        account.withLock { _ = $0.sent.insert(message.body.text ?? "") }
    }
}

extension StressRun {
    private func disturb(_ rush: Int) async {
        var random = SeededGenerator(seed: UInt64(seed * 1000 + rush * 10 + 9))
        while !Task.isCancelled {
            do { try await disturbOnce(&random) } catch {}
            try? await SystemTime.shared.sleep(for: .microseconds(Int.random(in: 100...2000, using: &random)))
        }
    }

    private func disturbOnce(_ random: inout SeededGenerator) async throws {
        let broker = try await connect()
        switch Int.random(in: 0..<8, using: &random) {
        case 0:
            server.kill()
            try? await SystemTime.shared.sleep(for: .microseconds(Int.random(in: 0...2000, using: &random)))
            server.start()
        case 1:
            let index = Int.random(in: 0..<3, using: &random)
            let old = connections.withLock { connections in
                let old = connections[index]
                connections[index] = broker
                return old
            }
            if Bool.random(using: &random) { old.crash() } else { await old.close(within: .zero) }
        case 2...3: try await broker.topology?.delete(Self.churned)
        case 4: try await broker.declare([DestinationDeclaration(Self.churned)])
        case 5:
            var bound = DestinationDeclaration(Self.copies)
            bound.bindings = [try TopicPattern(Self.plain.topic.name, style: .amqp)]
            try await broker.declare([bound])
            try? await SystemTime.shared.sleep(for: .microseconds(Int.random(in: 0...3000, using: &random)))
            try await broker.topology?.delete(Self.copies)
        default:
            for place in [Self.ordered, Self.plain, Self.sink, Self.churned] {
                guard let depth = try await broker.topology?.depth(of: place, group: nil) else { continue }
                if depth.waiting + (depth.held ?? 0) > Self.capacity { report("\(place) has \(depth)") }
            }
        }
    }
}
