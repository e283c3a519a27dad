import Foundation
import InMemoryBroker
import Messaging
import MessagingHub
import MessagingTesting
import RabbitMQBroker

/// A client of one broker in a process of its own, for tests that kill it: `PeerOrder` says what it does, `PeerEvent` what
/// it reports.
@main struct Peer {
    private let broker: any MessageBroker
    private let order: PeerOrder

    static func main() async {
        do {
            let order = try PeerOrder(arguments: Array(CommandLine.arguments.dropFirst()))
            try await Peer(order).run()
        } catch {
            Report.write(.failed(String(describing: error)))
            exit(1)
        }
    }

    private init(_ order: PeerOrder) throws {
        self.order = order
        let factories = Self.factories
        let configuration = try HubConfiguration.load(
            path: order.configuration, environment: ProcessInfo.processInfo.environment,
            profiles: factories.map(\.profile))
        guard let settings = configuration.brokers[order.broker],
            let factory = factories.first(where: { $0.profile.type == settings.type })
        else {
            let sentence = "\(order.configuration) names no broker \(order.broker.name) of a type that this program has"
            throw BrokerError(.invalidConfiguration, sentence)
        }
        broker = try factory.make(order.broker, settings.options, BrokerEnvironment())
    }

    private static var factories: [BrokerFactory] {
        var factories: [BrokerFactory] = [.inMemory()]
        #if RabbitMQ
            factories.append(.rabbitMQ)
        #endif
        return factories
    }

    private func run() async throws {
        try await broker.connect { _ in }
        if order.declares {
            var declaration = DestinationDeclaration(order.destination)
            if let group = order.group { declaration.groups[group] = DestinationDeclaration.Group() }
            try await broker.declare([declaration])
        }
        var consumer: (any MessageConsumer)?
        if order.consumes {
            consumer = try await broker.subscribe(Subscription(order.destination, group: order.group))
        }
        Report.write(.ready)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for lane in 0..<16 {
                let count = (order.publishes + 15 - lane) / 16
                group.addTask { await publish(count) }
            }
            if let consumer { group.addTask { try await consume(consumer) } }
            try await group.waitForAll()
        }
        await broker.close(within: .seconds(5))
    }

    private func publish(_ count: Int) async {
        for _ in 0..<count {
            let message = Message(Body([1, 2, 3]), type: "peer")
            do throws(PublishFailure) {
                try await broker.publish(message, to: order.destination, options: PublishOptions())
                Report.write(.confirmed(message.id))
            } catch {
                if case .refused = error.outcomes[0] {
                    Report.write(.refused(message.id))
                } else {
                    Report.write(.unknown(message.id))
                }
            }
        }
    }

    private func consume(_ consumer: any MessageConsumer) async throws {
        while true {
            let deliveries = try await consumer.receive(upTo: 64, within: .seconds(1))
            for delivery in deliveries {
                Report.write(.received(delivery.message.id, attempt: Int(delivery.attempt)))
            }
            let outcomes = await consumer.settle(deliveries.map { ReceiptSettlement($0.receipt, .accept) })
            for (delivery, outcome) in zip(deliveries, outcomes) {
                Report.write(outcome == .settled ? .settled(delivery.message.id) : .stale(delivery.message.id))
            }
        }
    }
}

/// Standard output, a line at a time.
private enum Report {
    private static let lock = Lock(())

    /// Writes a line in one piece; ends the process where nobody reads it any more.
    static func write(_ event: PeerEvent) {
        let line = Array(event.line.utf8.prefix(511)) + [0x0A]
        lock.withLock { _ in
            if Foundation.write(1, line, line.count) != line.count { exit(1) }
        }
    }
}
