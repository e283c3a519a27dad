import Glibc

/// What the process has used so far, or between two moments.
struct Usage {
    var seconds: Double
    var cpuSeconds: Double
    /// How often a thread went to sleep.
    var sleeps: Int

    static var now: Usage {
        var (time, usage) = (timespec(), rusage())
        clock_gettime(CLOCK_MONOTONIC, &time)
        getrusage(RUSAGE_SELF.rawValue, &usage)
        func seconds(_ time: timeval) -> Double { Double(time.tv_sec) + Double(time.tv_usec) / 1e6 }
        return Usage(
            seconds: Double(time.tv_sec) + Double(time.tv_nsec) / 1e9,
            cpuSeconds: seconds(usage.ru_utime) + seconds(usage.ru_stime), sleeps: usage.ru_nvcsw)
    }

    static func - (later: Usage, earlier: Usage) -> Usage {
        Usage(
            seconds: later.seconds - earlier.seconds, cpuSeconds: later.cpuSeconds - earlier.cpuSeconds,
            sleeps: later.sleeps - earlier.sleeps)
    }
}

/// One line of the table.
struct Measurement: CustomStringConvertible, Sendable {
    let shape: String
    let count: Int
    let usage: Usage
    let receives: Int

    static let header = line("shape", "msg/s", "ns/msg", "CPU ns/msg", "msgs/receive", "sleeps/1000")

    var description: String {
        let messages = Double(count)
        return Self.line(
            shape, "\(Int(messages / usage.seconds))", "\(Int(usage.seconds * 1e9 / messages))",
            "\(Int(usage.cpuSeconds * 1e9 / messages))", Self.tenths(messages / Double(max(1, receives))),
            Self.tenths(Double(usage.sleeps) * 1000 / messages))
    }

    private static func tenths(_ number: Double) -> String { "\((number * 10).rounded() / 10)" }

    private static func line(_ columns: String...) -> String {
        columns.map { String(repeating: " ", count: max(1, 13 - $0.count)) + $0 }.joined()
    }
}
