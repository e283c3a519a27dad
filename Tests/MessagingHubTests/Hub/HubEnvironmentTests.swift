import InMemoryBroker
import Messaging
import Testing

@testable import MessagingHub

@Suite struct HubEnvironmentTests {
    @Test func withoutASinkTheConfigurationSaysWhatIsLoggedAndHow() throws {
        var configuration = HubConfiguration(brokers: ["main": .init(.inMemory)], routes: [:])
        configuration.log = LogConfiguration(level: .error, format: .json)
        let hub = try MessageHub(configuration, brokers: [.inMemory()])
        #expect(hub.log.isOn)
        #expect(hub.log.takes(.error))
        #expect(!hub.log.takes(.warning))
        #expect(configuration.log.sink is JSONLogSink)
        #expect(LogConfiguration().sink is TextLogSink)
    }

    @Test func theProgramsSinkAndLevelComeFirst() throws {
        let configuration = HubConfiguration(brokers: ["main": .init(.inMemory)], routes: [:])
        let silent = try MessageHub(configuration, brokers: [.inMemory()], environment: .init(log: NoLog()))
        #expect(!silent.log.takes(.error))
        let chatty = try MessageHub(
            configuration, brokers: [.inMemory()], environment: .init(log: LogCollector(), logLevel: .debug))
        #expect(chatty.log.takes(.debug))
    }
}
