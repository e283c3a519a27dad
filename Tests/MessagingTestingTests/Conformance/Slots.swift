import MessagingTesting

/// Lets so many runs go on at the same time, and has the others wait in line.
struct Slots {
    private struct Line: Sendable {
        var tickets = 0
        var called: Int
    }

    static let shared = Slots(16)
    private let count: Int
    private let line: Observed<Line>

    init(_ count: Int) {
        self.count = count
        line = Observed(Line(called: count))
    }

    /// Does this in a slot; `alone`: in all of them, beside nothing else.
    func withSlot<Value: Sendable>(alone: Bool = false, _ work: () async -> Value) async -> Value {
        let taken = alone ? count : 1
        let last = line.change { line in
            line.tickets += taken
            return line.tickets
        }
        _ = await line.first(within: .seconds(1200)) { $0.called >= last }
        defer { line.change { $0.called += taken } }
        return await work()
    }
}
