import Messaging
import MessagingReliability
import Testing

@Suite struct RetryPolicyDelaysTests {
    private func delays(_ policy: RetryPolicy, random: Double = 0) -> [Duration?] {
        (1...policy.limit).map { policy.delay(afterRun: $0, random: random) }
    }

    @Test("S0-59 exponential back-off: two failures, three runs, growing gaps")
    func exponential() {
        let policy = RetryPolicy(attempts: 3, delay: .milliseconds(100))
        #expect(delays(policy) == [.milliseconds(100), .milliseconds(200), nil])
    }

    @Test func constant() {
        let policy = RetryPolicy(attempts: 4, backoff: .constant, delay: .seconds(7))
        #expect(delays(policy) == [.seconds(7), .seconds(7), .seconds(7), nil])
    }

    @Test func linear() {
        let policy = RetryPolicy(attempts: 5, backoff: .linear, delay: .seconds(2), maximumDelay: .seconds(5))
        #expect(delays(policy) == [.seconds(2), .seconds(4), .seconds(5), .seconds(5), nil])
    }

    @Test func exponentialStopsGrowingAtItsMaximum() {
        let policy = RetryPolicy(attempts: 6, delay: .seconds(1), maximumDelay: .seconds(10), multiplier: 3)
        #expect(delays(policy) == [.seconds(1), .seconds(3), .seconds(9), .seconds(10), .seconds(10), nil])
    }

    @Test("S0-103 with jitter, delays vary and stay inside the band from (1 - jitter) of the delay to the delay")
    func jitter() {
        let policy = RetryPolicy(attempts: 3, backoff: .constant, delay: .seconds(10), jitter: 0.2)
        #expect(policy.delay(afterRun: 1, random: 0) == .seconds(10))
        #expect(policy.delay(afterRun: 1, random: 0.5) == .seconds(9))
        #expect(policy.delay(afterRun: 1, random: 1) == .seconds(8))
        #expect(policy.shortestDelay == .seconds(8))
        var random = SystemRandomNumberGenerator()
        let drawn = (0..<200).compactMap { _ in
            policy.delay(afterRun: 2, random: .random(in: 0..<1, using: &random))
        }
        #expect(drawn.allSatisfy { $0 >= .seconds(8) && $0 <= .seconds(10) })
        #expect(Set(drawn).count > 100)
    }

    @Test("S3-51 another run follows while fewer than the maximum have been made")
    func retryCondition() {
        let policy = RetryPolicy(attempts: 4, backoff: .constant, delay: .seconds(1))
        #expect((1...6).map { policy.delay(afterRun: $0) != nil } == [true, true, true, false, false, false])
    }

    @Test("S3-57 a retry delay of 60 s is 60 s")
    func minute() {
        let policy = RetryPolicy(attempts: 2, backoff: .constant, delay: .seconds(60), maximumDelay: .seconds(60))
        #expect(policy.delay(afterRun: 1) == .seconds(60))
    }

    @Test func sumsAndLongest() {
        let policy = RetryPolicy(attempts: 5, delay: .seconds(1), maximumDelay: .seconds(5))
        #expect(policy.longestDelay == .seconds(5))
        #expect(policy.totalDelay == .seconds(1 + 2 + 4 + 5))
        #expect(RetryPolicy(attempts: 1, delay: .seconds(3)).longestDelay == .seconds(3))
        #expect(RetryPolicy(attempts: 1, delay: .seconds(3)).totalDelay == .zero)
        #expect(RetryPolicy(attempts: 2, delay: .seconds(3)).longestDelay == .seconds(3))
    }

    @Test func theSumOfEndlessRetriesSaturates() {
        let policy = RetryPolicy(attempts: .max, delay: .seconds(1), maximumDelay: .seconds(60))
        #expect(policy.totalDelay == .nanoseconds(Int64.max))
    }

    @Test(arguments: [Int.min, -1, 0, 1, 2, 1_000_000_000, Int.max])
    func absurdNumbersSaturate(attempts: Int) {
        let durations: [Duration] = [
            .zero, .seconds(-5), .nanoseconds(1), .seconds(Int64.max), .seconds(Int64.min), .seconds(60),
        ]
        let numbers = [0, -1, .nan, .infinity, -.infinity, 1e308, 1.0000001, 0.5]
        for backoff in RetryPolicy.Backoff.allCases {
            for delay in durations {
                for maximum in durations {
                    for number in numbers {
                        let policy = RetryPolicy(
                            attempts: attempts, backoff: backoff, delay: delay, maximumDelay: maximum,
                            multiplier: number, jitter: number)
                        for run in [Int.min, 0, 1, 7, Int.max - 1, Int.max] {
                            let result = policy.delay(afterRun: run, random: number)
                            #expect(result.map { $0 >= .zero && $0 <= max(.zero, maximum) } ?? (run >= policy.limit))
                        }
                        #expect(policy.longestDelay >= .zero)
                        if attempts < 1000 { #expect(policy.totalDelay >= .zero) }
                    }
                }
            }
        }
    }
}
