import MessagingReliability
import Testing

@Suite struct RetryBudgetTests {
    @Test("S0-105 of a budget of ten a minute the eleventh is refused, until the first is a minute old")
    func eleventh() {
        var budget = RetryBudget(10)
        let first = (0..<10).map { budget.spend(at: .seconds($0)) }
        #expect(first == Array(repeating: true, count: 10))
        let later = [10_000, 59_999, 60_000, 60_999, 61_000].map { budget.spend(at: .milliseconds($0)) }
        #expect(later == [false, false, true, false, true])
        let left = [61_999, 62_000, 63_000, 200_000].map { budget.left(at: .milliseconds($0)) }
        #expect(left == [0, 1, 2, 10])
    }

    @Test func inNoMinuteAreThereMore() {
        var (budget, spent) = (RetryBudget(7), [Duration]())
        for step in 0..<10_000 {
            let now = Duration.milliseconds(step * 97)
            if budget.spend(at: now) { spent.append(now) }
        }
        for (index, first) in spent.enumerated() {
            #expect(spent[index...].prefix { $0 - first < .seconds(60) }.count <= 7)
        }
        #expect(spent.count >= 7 * 16)
    }

    @Test func whatIsRefusedIsNotSpent() {
        var budget = RetryBudget(1)
        let granted = (0..<60).map { budget.spend(at: .seconds($0)) }
        #expect(granted == [true] + Array(repeating: false, count: 59))
        let left = budget.left(at: .seconds(60))
        #expect(left == 1)
    }

    @Test func absurdNumbersTrapNothing() {
        for limit in [Int.min, 0, 1] {
            var budget = RetryBudget(limit)
            let granted = [Int64.max, -5].map { budget.spend(at: .seconds($0)) }
            #expect(granted == [true, false])
        }
    }
}
