import MessagingTesting

/// Lets so many runs go on at the same time, and has the others wait in line.
struct Slots {
    private struct Line: Sendable {
        var tickets = 0
        var called: Int
    }

    static let shared = Slots(16)
    /// For what is to run beside nothing of its like.
    static let alone = Slots(1)
    private let line: Observed<Line>

    init(_ count: Int) { line = Observed(Line(called: count)) }

    func withSlot<Value: Sendable>(_ work: () async -> Value) async -> Value {
        let ticket = line.change { line in
            defer { line.tickets += 1 }
            return line.tickets
        }
        _ = await line.first(within: .seconds(600)) { $0.called > ticket }
        defer { line.change { $0.called += 1 } }
        return await work()
    }
}
