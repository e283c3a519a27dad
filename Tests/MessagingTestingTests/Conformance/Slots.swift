import MessagingTesting

/// Lets so many runs go on at the same time, and has the others wait in line.
struct Slots {
    private struct Line: Sendable {
        var tickets = 0
        var called: Int
    }

    static let shared = Slots(16)
    /// For processes that measure themselves: each keeps a core busy, and another is left to what waits for conditions.
    private static let measuring = Slots(1)
    private let count: Int
    private let line: Observed<Line>

    init(_ count: Int) {
        self.count = count
        line = Observed(Line(called: count))
    }

    /// Does this in a slot.
    func withSlot<Value: Sendable>(_ work: () async -> Value) async -> Value {
        let last = line.change { line in
            line.tickets += 1
            return line.tickets
        }
        _ = await line.first(within: .seconds(1200)) { $0.called >= last }
        defer { line.change { $0.called += 1 } }
        return await work()
    }

    /// Does what has a process of its own do it, and waits for that.
    static func inOwnProcess(_ work: @Sendable () async -> Void) async {
        await measuring.withSlot { await OwnThreads.run(work) }
    }
}

extension Array {
    /// The same elements, with those that are rare evenly among the others: tests that share a slot do not begin together.
    func spreading(_ isRare: (Element) -> Bool) -> [Element] {
        let rare = filter(isRare)
        let others = filter { !isRare($0) }
        guard !rare.isEmpty else { return self }
        let gap = others.count / rare.count
        var spread: [Element] = []
        for (index, one) in rare.enumerated() {
            spread.append(one)
            spread += others[(index * gap)..<((index + 1) * gap)]
        }
        return spread + others[(rare.count * gap)...]
    }
}
