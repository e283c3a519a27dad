import CRabbitMQTwin
import Glibc

/// What a run took, or where the clocks stood.
struct Outcome: Sendable {
    var seconds: Double
    var cpuSeconds: Double
    var calls: Int64
    /// Of each round trip, where there are any.
    var nanoseconds: [Int64] = []

    static func now(_ counter: Int32) -> Outcome {
        var (time, usage) = (timespec(), rusage())
        clock_gettime(CLOCK_MONOTONIC, &time)
        getrusage(RUSAGE_SELF.rawValue, &usage)
        func seconds(_ time: timeval) -> Double { Double(time.tv_sec) + Double(time.tv_usec) / 1e6 }
        return Outcome(
            seconds: Double(time.tv_sec) + Double(time.tv_nsec) / 1e9,
            cpuSeconds: seconds(usage.ru_utime) + seconds(usage.ru_stime), calls: twin_calls(counter))
    }

    static func - (later: Outcome, earlier: Outcome) -> Outcome {
        Outcome(
            seconds: later.seconds - earlier.seconds, cpuSeconds: later.cpuSeconds - earlier.cpuSeconds,
            calls: later.calls - earlier.calls)
    }

    func line(for count: Int, counts: Bool) -> String {
        let messages = Double(count)
        func text(_ number: Double) -> String { "\((number * 1_000).rounded() / 1_000)" }
        var words = [
            "\(Int(messages / seconds))", text(cpuSeconds * 1e6 / messages),
            counts ? text(Double(calls) / messages) : "-",
        ]
        if !nanoseconds.isEmpty {
            let sorted = nanoseconds.sorted()
            words += [sorted.count / 2, sorted.count * 99 / 100].map { text(Double(sorted[$0]) / 1_000) }
        }
        return words.joined(separator: " ")
    }
}
