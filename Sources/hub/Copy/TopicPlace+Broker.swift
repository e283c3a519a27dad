import Messaging
import MessagingHub

extension TopicPlace {
    /// The destination.
    var destination: Destination { Destination(topic, kind) }

    /// Connects to its broker, without a hub, which would declare what is not there; and closes it at the end.
    func withBroker<Result: Sendable>(
        _ factories: [BrokerFactory], _ body: (any MessageBroker) async throws -> Result
    ) async throws -> Result {
        guard let name = settings?.broker, let configured = configuration.brokers[name],
            let factory = factories.first(where: { $0.profile.type == configured.type })
        else {
            let missing = configuration.missingBackends(registered: factories)
            throw BrokerError(.unsupported, missing.first?.description ?? "\(shown) has no broker")
        }
        let broker = try factory.make(name, configured.options, BrokerEnvironment())
        try await broker.connect { _ in }
        do {
            let result = try await body(broker)
            await broker.close(within: .seconds(5))
            return result
        } catch {
            await broker.close(within: .seconds(5))
            throw error
        }
    }

    /// Throws where it does not exist at its broker: a source is read, and not made. In memory of this process nothing can.
    func checkThatItExists(_ factories: [BrokerFactory]) async throws {
        if kind == .pubSub || endsWithProcess != nil { return }
        try await withBroker(factories) { broker in
            do throws(BrokerError) {
                _ = try await broker.topology?.depth(of: destination, group: nil)
            } catch {
                guard error.code == .noSuchDestination else { return }
                throw BrokerError(
                    error.code, "\(kind) \(shown) does not exist, so there is nothing to read; check its name")
            }
        }
    }
}
