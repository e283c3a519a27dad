import InMemoryBroker
import Logging
import Messaging
import MessagingHub
import ServiceLifecycle

extension MessageHub: @retroactive Service {}

func serve(_ configuration: HubConfiguration, in environment: HubEnvironment, logger: Logger) async throws {
    let hub = try MessageHub(configuration, brokers: [.inMemory()], environment: environment)
    try await hub.subscribe(to: "orders") { delivery in print(delivery.message.id) }
    let group = ServiceGroup(services: [hub], cancellationSignals: [.sigterm, .sigint], logger: logger)
    try await group.run()
}
