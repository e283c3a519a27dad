import Messaging
import Testing

@Suite struct MessageBrokerTests {
    @Test func publishingWithoutOptionsUsesTheDefaultOnes() async throws {
        let broker = RecordingBroker(name: "main")
        try await broker.publish(Message(), to: .queue("orders"))
        try await broker.publish([Message(), Message()], to: .queue("orders"))
        #expect(
            broker.calls.withLock { $0 } == [
                "publish one to queue orders within 30.0 seconds", "publish 2 to queue orders within 30.0 seconds",
            ])
    }
}
