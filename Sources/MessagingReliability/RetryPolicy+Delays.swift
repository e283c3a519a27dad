import Messaging

extension RetryPolicy {
    /// How many runs there are in all: `attempts`, and at least 1.
    public var limit: Int { max(1, attempts) }

    /// How long to wait after this run, counted from 1, has failed; nil: there is no further run.
    ///
    /// `random`, from 0 up to 1, says how much of the jitter is taken off: 0 nothing, 1 all of it. So a delay lies
    /// between `(1 - jitter)` times its length and its length. Absurd numbers saturate; nothing traps.
    public func delay(afterRun run: Int, random: Double = 0) -> Duration? {
        run < limit ? pause(afterRun: run, random: random) : nil
    }

    /// The shortest time between a failed run and the next one: what is left of the first delay after all its jitter.
    public var shortestDelay: Duration { pause(afterRun: 1, random: 1) }

    /// The longest of the delays, jitter left out; of a single run, the delay that would follow it.
    public var longestDelay: Duration { pause(afterRun: max(1, limit - 1), random: 0) }

    /// The sum of all delays, jitter left out. Beyond 10,000 runs each counts as `maximumDelay`.
    public var totalDelay: Duration {
        var sum: Int64 = 0
        let counted = min(limit - 1, 10_000)
        for run in 0..<counted { sum = sum.adding(pause(afterRun: run + 1, random: 0).nanoseconds) }
        let (rest, overflow) = Int64(limit - 1 - counted).multipliedReportingOverflow(
            by: max(0, maximumDelay.nanoseconds))
        return .nanoseconds(sum.adding(overflow ? .max : rest))
    }

    private func pause(afterRun run: Int, random: Double) -> Duration {
        let factor =
            switch backoff {
            case .constant: 1.0
            case .linear: Double(max(1, run))
            case .exponential: Self.power(multiplier >= 1 ? multiplier : 1, max(1, run) - 1)
            }
        let full = min(Double(max(0, delay.nanoseconds)) * factor, Double(max(0, maximumDelay.nanoseconds)))
        let kept = (full * (1 - Self.share(jitter) * Self.share(random))).rounded()
        return .nanoseconds(kept < Double(Int64.max) ? Int64(kept) : .max)
    }

    /// Between 0 and 1; what is not a number is 0.
    private static func share(_ number: Double) -> Double { number > 0 ? min(number, 1) : 0 }

    /// By squaring; saturates at 2^64, far above what a `Duration` of nanoseconds can be, so that 0 times it is 0.
    private static func power(_ base: Double, _ exponent: Int) -> Double {
        var (result, square, rest) = (1.0, base, exponent)
        while rest > 0 {
            if rest & 1 == 1 { result = min(result * square, 0x1p64) }
            square = min(square * square, 0x1p64)
            rest >>= 1
        }
        return result
    }
}

extension Int64 {
    /// The sum of two numbers that are not negative; saturates.
    fileprivate func adding(_ other: Int64) -> Int64 {
        let (sum, overflow) = addingReportingOverflow(other)
        return overflow ? .max : sum
    }
}
