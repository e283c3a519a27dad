import MessagingTesting

/// Lets so many runs go on at the same time, and has the others wait.
struct Slots {
    static let shared = Slots(32)
    private let free: Observed<Int>

    init(_ count: Int) { free = Observed(count) }

    func withSlot<Value: Sendable>(_ work: () async -> Value) async -> Value {
        while !free.change({ free in
            if free > 0 { free -= 1 } else { return false }
            return true
        }) {
            _ = await free.first(within: .seconds(600)) { $0 > 0 }
        }
        defer { free.change { $0 += 1 } }
        return await work()
    }
}
