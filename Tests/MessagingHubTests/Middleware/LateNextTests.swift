import InMemoryBroker
import Messaging
import MessagingHub
import MessagingReliability
import Testing

/// A middleware leaves a task behind that calls `next` when its call has been decided without it.
@Suite(.timeLimit(.minutes(5))) struct LateNextTests {
    private let entered = Signalled()
    private let gate = Signalled()
    private let refusals = Recorder<String>()

    @Test func noHandlerRunsAgainOnceItsRunIsDecided() async throws {
        var fixture = HubFixture()
        let runs = Recorder<Int32>()
        fixture.environment.middlewares = [
            Around { [entered, refusals] call, next in
                Task {
                    _ = try? await next(call)
                    do { _ = try await next(call) } catch { refusals.add("\(error)") }
                }
                await entered.wait()
                throw Reject("not waited for")
            }
        ]
        try fixture.route("orders")
        try await fixture.run { hub in
            try await hub.subscribe(to: "orders") { [entered, gate] delivery in
                runs.add(delivery.attempt)
                entered.fire()
                await gate.wait()
                throw Failing()
            }
            try await hub.publish(Message(), to: "orders")
            try await eventually("decided") { hub.metrics().deadLettered == 1 }
            gate.fire()
            try await eventually("next has thrown") { refusals.count == 1 }
        }
        #expect(runs.all == [1])
        #expect(refusals.all.first?.contains("called next after its run") == true)
    }

    @Test func nothingIsPublishedAgainOnceItsPublishIsDecided() async throws {
        let broker = Refusing(entered, gate)
        let memory = BrokerFactory(.inMemory) { (_, _, _) throws(BrokerError) -> any MessageBroker in broker }
        var fixture = HubFixture()
        fixture.environment.middlewares = [
            Around(publishing: { [entered, refusals] call, next in
                Task {
                    _ = try? await next(call)
                    do { _ = try await next(call) } catch { refusals.add("\(error)") }
                }
                await entered.wait()
                throw Failing()
            })
        ]
        try fixture.route("orders") { $0.publishRetry = RetryPolicy(attempts: 1) }
        try await withHub(fixture.configuration, brokers: [memory], environment: fixture.environment) { hub in
            _ = await outcome { try await hub.publish(Message(), to: "orders") }
            gate.fire()
            try await eventually("next has thrown") { refusals.count == 1 }
        }
        #expect(broker.calls.count == 1)
        #expect(refusals.all.first?.contains("called next after its publish") == true)
    }
}

/// A broker that refuses each publish once a gate is open.
private final class Refusing: BrokerDecorator {
    let base: any MessageBroker = InMemoryBroker()
    let calls = Recorder<MessageID>()
    private let entered: Signalled
    private let gate: Signalled

    init(_ entered: Signalled, _ gate: Signalled) { (self.entered, self.gate) = (entered, gate) }

    func publish(
        _ message: Message, to destination: Destination, options: PublishOptions
    ) async throws(PublishFailure) -> PublishReceipt {
        calls.add(message.id)
        entered.fire()
        await gate.wait()
        throw .refused(BrokerError(.unavailable, "not now"), count: 1)
    }
}
