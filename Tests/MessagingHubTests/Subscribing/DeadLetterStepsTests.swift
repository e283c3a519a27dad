import Messaging
import MessagingHub
import Testing

@Suite struct DeadLetterStepsTests {
    private let taken = Recorder<String>()

    private func steps(isForwarded: Bool, published: SettlementOutcome = .settled) -> DeadLetterSteps {
        let taken = taken
        let forward: @Sendable () async -> SettlementOutcome = {
            taken.add("forward")
            return .settled
        }
        return DeadLetterSteps(
            forward: isForwarded ? forward : nil,
            publish: {
                taken.add("publish")
                return published
            },
            accept: {
                taken.add("accept")
                return .settled
            })
    }

    @Test func atTheOriginalsBrokerOneSettlementDoesBoth() async {
        #expect(await steps(isForwarded: true).taken() == .settled)
        #expect(taken.all == ["forward"])
    }

    @Test func atAnotherBrokerTheOriginalIsAcceptedOnceItsDeadLetterIsThere() async {
        #expect(await steps(isForwarded: false).taken() == .settled)
        #expect(taken.all == ["publish", "accept"])
    }

    @Test func anOriginalWhoseDeadLetterWasRefusedIsNotAccepted() async {
        let refusal = SettlementOutcome.failed(BrokerError(.resourceExhausted, "full"))
        #expect(await steps(isForwarded: false, published: refusal).taken() == refusal)
        #expect(taken.all == ["publish"])
    }
}
