import Messaging
import Testing

@Suite struct BrokerFactoryTests {
    private let profile = BrokerProfile(
        type: "own", scheme: "own", options: OptionGroup([Option("port", default: 1, "where").description]),
        capabilities: BrokerCapabilities([:]), limits: BrokerLimits())

    @Test func aProgramAddsATypeOfItsOwn() throws {
        let factory = BrokerFactory(profile) { name, _, _ in RecordingBroker(name: name) }
        let broker = try factory.make("main", OptionValues(), BrokerEnvironment())
        #expect(broker.name == "main")
        #expect(factory.profile.type == "own")
        #expect(factory.profile.trait == nil)
        #expect(factory.profile.package == nil)
        #expect(factory.profile.options["port"] != nil)
    }

    @Test func aFactoryCanRefuse() {
        let factory = BrokerFactory(profile) { _, _, _ throws(BrokerError) in
            throw BrokerError(.invalidConfiguration, "no such file")
        }
        #expect(throws: BrokerError.self) { try factory.make("main", OptionValues(), BrokerEnvironment()) }
    }
}
