import Messaging
import MessagingReliability
import MessagingTesting
import Testing

@Suite struct CircuitBreakerTests {
    private struct Failing: Error {}
    private let time = VirtualTime()

    private func breaker(_ changes: Observed<[CircuitBreaker.State]> = Observed([])) -> CircuitBreaker {
        CircuitBreaker(CircuitBreakerPolicy(failures: 2, reset: .seconds(30)), time: time) { state in
            changes.change { $0.append(state) }
        }
    }

    @Test("S1-60 while it is open a call fails at once, without being made, and says when it is made again")
    func failsFast() async throws {
        let breaker = breaker()
        for _ in 0..<2 {
            await #expect(throws: Failing.self) { try await breaker.execute { () async throws in throw Failing() } }
        }
        #expect(breaker.state == .open)
        time.advance(by: .seconds(10))
        let calls = Observed(0)
        let refusal = await #expect(throws: CircuitBreaker.Refusal.self) {
            try await breaker.execute { calls.change { $0 += 1 } }
        }
        #expect(calls.value == 0)
        #expect(refusal?.wait == .seconds(20))
        #expect(refusal?.description == "circuit open: not called; the next call is let through in 20s")
    }

    @Test("S1-61 the states are closed, open and half_open")
    func states() async throws {
        #expect(CircuitBreaker.State.allCases.map(\.rawValue) == ["closed", "open", "half_open"])
        let changes = Observed<[CircuitBreaker.State]>([])
        let breaker = breaker(changes)
        #expect(breaker.state.rawValue == "closed")
        for _ in 0..<2 { try? await breaker.execute { () async throws in throw Failing() } }
        #expect(breaker.state.rawValue == "open")
        time.advance(by: .seconds(30))
        let during = try await breaker.execute { breaker.state.rawValue }
        #expect(during == "half_open")
        #expect(breaker.state.rawValue == "closed")
        #expect(changes.value == [.open, .halfOpen, .closed])
    }

    @Test func whatACallReturnsOrThrowsIsPassedOn() async throws {
        #expect(try await breaker().execute { 7 } == 7)
        await #expect(throws: Failing.self) { try await breaker().execute { () async throws in throw Failing() } }
    }

    @Test func whatIsNoFailureDoesNotOpenIt() async throws {
        let breaker = breaker()
        for _ in 0..<5 {
            try? await breaker.execute { () async throws in throw CancellationError() }
            try? await breaker.execute(isFailure: { _ in false }) { () async throws in throw Failing() }
        }
        #expect(breaker.state == .closed)
    }

    @Test func aCallBesideTheProbeIsRefusedAndSaysSo() async throws {
        let breaker = breaker()
        for _ in 0..<2 { try? await breaker.execute { () async throws in throw Failing() } }
        time.advance(by: .seconds(30))
        try await breaker.execute {
            let refusal = await #expect(throws: CircuitBreaker.Refusal.self) { try await breaker.execute {} }
            #expect(refusal?.wait == nil)
            #expect(refusal?.description.hasPrefix("circuit half_open: not called") == true)
        }
        #expect(breaker.state == .closed)
    }

    /// Each follows from the one before it: told in another order, some would not.
    @Test func changesAreToldInTheirOrderAlsoWhenManyRunsEndAtOnce() async {
        let changes = Observed<[CircuitBreaker.State]>([])
        let breaker = CircuitBreaker(CircuitBreakerPolicy(failures: 1, reset: .zero), time: time) { state in
            // The first gives the next ones time to overtake it.
            let end = ContinuousClock.now + .milliseconds(50)
            while changes.value.isEmpty, ContinuousClock.now < end {}
            changes.change { $0.append(state) }
        }
        await withTaskGroup(of: Void.self) { group in
            for task in 0..<8 {
                group.addTask {
                    var calls = 0
                    while calls < 500 {
                        guard case .granted(let ticket) = breaker.admit() else {
                            await Task.yield()
                            continue
                        }
                        calls += 1
                        breaker.ended(ticket, (task + calls).isMultiple(of: 3) ? .success : .failure)
                    }
                }
            }
        }
        let told = changes.value
        #expect(told.count > 100)
        #expect(told.last == breaker.state)
        var state = CircuitBreaker.State.closed
        for (number, next) in told.enumerated() {
            switch (state, next) {
            case (.closed, .open), (.open, .halfOpen), (.halfOpen, .open), (.halfOpen, .closed): state = next
            default:
                Issue.record("change \(number): \(next) after \(state)")
                return
            }
        }
    }
}
