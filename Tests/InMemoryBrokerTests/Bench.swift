import InMemoryBroker
import Messaging
import MessagingTesting
import Synchronization

/// A server on virtual time with one connected broker, and what the tests say most often.
struct Bench {
    let time = VirtualTime()
    let server: InMemoryServer
    let broker: InMemoryBroker
    let events = Events()

    init(
        settleLag: Duration = .zero, maximumMessages: Int = 1000, profile: BrokerProfile = .inMemory
    ) async throws {
        server = InMemoryServer(time: time, settleLag: settleLag, maximumMessages: maximumMessages)
        broker = InMemoryBroker(server, profile: profile)
        let events = events
        try await broker.connect { events.append($0) }
    }

    func declare(_ destination: Destination, _ edit: (inout DestinationDeclaration) -> Void = { _ in }) async throws {
        var declaration = DestinationDeclaration(destination)
        edit(&declaration)
        try await broker.declare([declaration])
    }

    func publish(_ bodies: [String], to destination: Destination, _ edit: (inout Message) -> Void = { _ in })
        async throws
    {
        let messages = bodies.map { body in
            var message = Message(Body(body), timestamp: time.now)
            edit(&message)
            return message
        }
        try await broker.publish(messages, to: destination, options: PublishOptions(deadline: .zero))
    }

    func consumer(_ destination: Destination, group: GroupName? = nil, window: Int = 100) async throws
        -> any MessageConsumer
    {
        try await broker.subscribe(Subscription(destination, group: group, window: window, maxHold: .seconds(3600)))
    }
}

/// The events that a broker has reported.
final class Events: Sendable {
    private let all = Mutex<[BrokerEvent]>([])
    func append(_ event: BrokerEvent) { all.withLock { $0.append(event) } }
    var list: [BrokerEvent] { all.withLock { $0 } }
}

extension MessageConsumer {
    /// What is there now.
    func take(_ limit: Int = 100) async throws -> [Delivery] { try await receive(upTo: limit, within: .zero) }

    /// The bodies of what is there now, accepted.
    func drain() async throws -> [String] {
        var bodies: [String] = []
        while true {
            let deliveries = try await take()
            if deliveries.isEmpty { return bodies }
            bodies += deliveries.map { $0.message.body.text ?? "" }
            _ = await settle(deliveries.map { ReceiptSettlement($0.receipt, .accept) })
        }
    }
}

/// The error of a call, or nil.
func failure(_ body: () async throws -> Void) async -> BrokerError? {
    do {
        try await body()
        return nil
    } catch let error as BrokerError {
        return error
    } catch let failure as PublishFailure {
        return failure.first
    } catch {
        return BrokerError(.brokerFailure, "\(error)")
    }
}
