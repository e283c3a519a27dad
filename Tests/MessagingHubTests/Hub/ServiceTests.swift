import Messaging
import MessagingHub
import Testing

/// What ServiceLifecycle asks of a service.
protocol Service: Sendable {
    func run() async throws
}

extension MessageHub: Service {}

@Suite(.timeLimit(.minutes(5))) struct ServiceTests {
    @Test func aServiceThatIsCancelledFinishesWhatItHasBegun() async throws {
        var fixture = HubFixture()
        try fixture.route("orders")
        let hub = try fixture.make()
        let (begun, gate, finished) = (Recorder<Bool>(), Recorder<Bool>(), Recorder<Bool>())
        try await hub.subscribe(to: "orders") { _ in
            begun.add(true)
            while gate.count == 0 { try await Task.sleep(for: .milliseconds(1)) }
            finished.add(true)
        }
        let service: any Service = hub
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await service.run() }
            try await hub.publish(Message(), to: "orders")
            try await eventually("a handler has begun") { begun.count == 1 }
            group.cancelAll()
            try await eventually("it shuts down") { !hub.isRunning }
            gate.add(true)
            try await group.waitForAll()
        }
        #expect(finished.count == 1)
        #expect(hub.metrics().handled == 1)
        #expect(try await fixture.depth(of: "orders") == 0)
    }
}
