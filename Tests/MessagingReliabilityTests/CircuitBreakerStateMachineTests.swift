import MessagingReliability
import Testing

@Suite struct CircuitBreakerStateMachineTests {
    private var machine = CircuitBreakerStateMachine(
        CircuitBreakerPolicy(failures: 3, reset: .seconds(30), probes: 2))

    /// What an admission granted; a refusal is a failed expectation.
    private func ticket(
        _ admission: CircuitBreaker.Admission, at location: SourceLocation = #_sourceLocation
    ) throws -> CircuitBreaker.Ticket {
        guard case .granted(let ticket) = admission else {
            throw Refused(admission: admission, location: location)
        }
        return ticket
    }

    private struct Refused: Error {
        let admission: CircuitBreaker.Admission
        let location: SourceLocation
    }

    private mutating func call(_ result: CircuitBreaker.Result, at second: Int) throws {
        machine.ended(try ticket(machine.admit(at: .seconds(second))), result, at: .seconds(second))
    }

    private mutating func open(at second: Int) throws {
        for _ in 0..<3 { try call(.failure, at: second) }
    }

    @Test mutating func failuresInARowOpenIt() throws {
        try call(.failure, at: 1)
        try call(.failure, at: 2)
        #expect(machine.state == .closed)
        try call(.failure, at: 3)
        #expect(machine.state == .open)
        #expect(machine.openUntil == .seconds(33))
        let answer1 = machine.admit(at: .seconds(3))
        #expect(answer1 == .refused(until: .seconds(33)))
    }

    @Test mutating func aSuccessBeginsTheCountAnewAndWhatSaysNothingDoesNot() throws {
        for result in [CircuitBreaker.Result.failure, .failure, .success, .failure, .ignored, .failure] {
            try call(result, at: 1)
            #expect(machine.state == .closed)
        }
        try call(.failure, at: 1)
        #expect(machine.state == .open)
    }

    @Test mutating func itIsOpenForExactlyItsReset() throws {
        try open(at: 10)
        #expect(machine.room(at: .milliseconds(39_999)) == 0)
        let answer2 = machine.admit(at: .milliseconds(39_999))
        #expect(answer2 == .refused(until: .seconds(40)))
        #expect(machine.state == .open)
        #expect(machine.room(at: .seconds(40)) == 2)
        _ = try ticket(machine.admit(at: .seconds(40)))
        #expect(machine.state == .halfOpen)
        #expect(machine.openUntil == nil)
    }

    @Test mutating func halfOpenLetsItsProbesThroughAndNoMore() throws {
        try open(at: 0)
        let first = try ticket(machine.admit(at: .seconds(30)))
        _ = try ticket(machine.admit(at: .seconds(30)))
        let answer3 = machine.admit(at: .seconds(30))
        #expect(answer3 == .refused(until: nil))
        let answer4 = machine.admit(at: .seconds(3000))
        #expect(answer4 == .refused(until: nil))
        machine.ended(first, .ignored, at: .seconds(3000))
        #expect(machine.room(at: .seconds(3000)) == 1)
        _ = try ticket(machine.admit(at: .seconds(3000)))
        #expect(machine.room(at: .seconds(3000)) == 0)
    }

    @Test mutating func itClosesWhenAllItsProbesWentWell() throws {
        try open(at: 0)
        try call(.success, at: 30)
        #expect(machine.state == .halfOpen)
        #expect(machine.room(at: .seconds(30)) == 1)
        try call(.success, at: 31)
        #expect(machine.state == .closed)
        #expect(machine.room(at: .seconds(31)) == .max)
        try call(.failure, at: 31)
        try call(.failure, at: 31)
        #expect(machine.state == .closed)
    }

    @Test mutating func aProbeThatFailsOpensItForAnotherReset() throws {
        try open(at: 0)
        try call(.success, at: 30)
        try call(.failure, at: 35)
        #expect(machine.state == .open)
        #expect(machine.openUntil == .seconds(65))
    }

    @Test mutating func whatWasBegunBeforeSaysNothingOfWhatIsAfterwards() throws {
        let late = try (0..<4).map { _ in try ticket(machine.admit(at: .zero)) }
        try open(at: 0)
        machine.ended(late[0], .success, at: .seconds(1))
        machine.ended(late[1], .failure, at: .seconds(2))
        #expect(machine.openUntil == .seconds(30))
        let probe = try ticket(machine.admit(at: .seconds(30)))
        machine.ended(late[2], .failure, at: .seconds(31))
        machine.ended(late[3], .success, at: .seconds(31))
        #expect(machine.state == .halfOpen)
        #expect(machine.room(at: .seconds(31)) == 1)
        machine.ended(probe, .success, at: .seconds(31))
        #expect(machine.state == .halfOpen)
        #expect(machine.room(at: .seconds(31)) == 1)
    }

    @Test func absurdNumbersTrapNothing() throws {
        for number in [Int.min, -1, 0] {
            var machine = CircuitBreakerStateMachine(
                CircuitBreakerPolicy(failures: number, reset: .seconds(number == 0 ? Int64.max : -1), probes: number))
            machine.ended(try ticket(machine.admit(at: .zero)), .failure, at: .seconds(Int64.max))
            #expect(machine.state == .open)
        }
    }
}
