import Messaging
import MessagingReliability
import Testing

@Suite struct DeduplicationTableTests {
    /// A table that can be asked inside of an expectation.
    private final class Table {
        private var table = DeduplicationTable()
        var doneCount: Int { table.doneCount }
        var leaseCount: Int { table.leaseCount }
        var evictedCount: Int { table.evictedCount }

        func begin(
            _ key: DeduplicationKey, by holder: DeduplicationHolder, for lease: Duration, at now: Duration
        ) -> DeduplicationState { table.begin(key, by: holder, for: lease, at: now) }

        func renew(
            _ key: DeduplicationKey, by holder: DeduplicationHolder, for lease: Duration, at now: Duration
        ) -> Bool { table.renew(key, by: holder, for: lease, at: now) }

        func finish(_ key: DeduplicationKey, keeping retention: DeduplicationRetention, at now: Duration) {
            table.finish(key, keeping: retention, at: now)
        }

        func free(_ key: DeduplicationKey, by holder: DeduplicationHolder) { table.free(key, by: holder) }
    }

    private let one = DeduplicationHolder()
    private let other = DeduplicationHolder()
    private let lease = Duration.seconds(60)
    private let retention = DeduplicationRetention(window: .seconds(600), maximumKeys: 3)

    private func key(_ number: Int, route: String = "orders") -> DeduplicationKey {
        DeduplicationKey(
            broker: "main", route: route, destination: .queue("orders"), id: MessageID(high: 0, low: UInt64(number)))
    }

    private func at(_ seconds: Int) -> Duration { .seconds(seconds) }

    @Test func aKeyIsLeasedThenDoneThenForgotten() {
        let table = Table()
        #expect(table.begin(key(1), by: one, for: lease, at: at(0)) == .fresh)
        #expect(table.begin(key(1), by: other, for: lease, at: at(20)) == .busy(for: .seconds(40)))
        table.finish(key(1), keeping: retention, at: at(30))
        #expect(table.begin(key(1), by: other, for: lease, at: at(30)) == .done)
        #expect(table.begin(key(1), by: other, for: lease, at: .milliseconds(629_999)) == .done)
        #expect(table.begin(key(1), by: other, for: lease, at: at(630)) == .fresh)
    }

    @Test("A key whose work failed is free at once, and not done")
    func freed() {
        let table = Table()
        _ = table.begin(key(1), by: one, for: lease, at: at(0))
        table.free(key(1), by: one)
        #expect(table.begin(key(1), by: other, for: lease, at: at(0)) == .fresh)
    }

    @Test("A lease ends exactly when it is over, and another takes the key")
    func leaseEnds() {
        let table = Table()
        _ = table.begin(key(1), by: one, for: lease, at: at(0))
        #expect(table.begin(key(1), by: other, for: lease, at: .milliseconds(59_999)) == .busy(for: .milliseconds(1)))
        #expect(table.begin(key(1), by: other, for: lease, at: at(60)) == .fresh)
        #expect(!table.renew(key(1), by: one, for: lease, at: at(61)))
        table.free(key(1), by: one)
        #expect(table.begin(key(1), by: one, for: lease, at: at(61)) == .busy(for: .seconds(59)))
    }

    @Test("A renewed lease begins anew; one that nobody took meanwhile does too")
    func renewed() {
        let table = Table()
        _ = table.begin(key(1), by: one, for: lease, at: at(0))
        #expect(table.renew(key(1), by: one, for: lease, at: at(40)))
        #expect(table.begin(key(1), by: other, for: lease, at: at(99)) == .busy(for: .seconds(1)))
        #expect(table.renew(key(1), by: one, for: lease, at: at(120)))
        #expect(table.begin(key(1), by: other, for: lease, at: at(120)) == .busy(for: lease))
        table.free(key(1), by: one)
        #expect(!table.renew(key(1), by: one, for: lease, at: at(121)))
        #expect(table.begin(key(1), by: other, for: lease, at: at(121)) == .fresh)
    }

    @Test("What is done is done, whoever has the lease by now, and nobody frees it")
    func doneByTheFirst() {
        let table = Table()
        _ = table.begin(key(1), by: one, for: lease, at: at(0))
        _ = table.begin(key(1), by: other, for: lease, at: at(60))
        table.finish(key(1), keeping: retention, at: at(70))
        table.free(key(1), by: other)
        #expect(!table.renew(key(1), by: other, for: lease, at: at(71)))
        #expect(table.begin(key(1), by: other, for: lease, at: at(72)) == .done)
    }

    @Test("At the limit the oldest done key goes, never a lease, and each route has its own limit")
    func limit() {
        let table = Table()
        _ = table.begin(key(100), by: one, for: lease, at: at(0))
        for number in 1...3 { table.finish(key(number), keeping: retention, at: at(number)) }
        table.finish(key(9, route: "prices"), keeping: retention, at: at(4))
        #expect(table.evictedCount == 0)
        table.finish(key(1), keeping: retention, at: at(5))
        table.finish(key(4), keeping: retention, at: at(6))
        #expect(table.evictedCount == 1)
        #expect(table.begin(key(2), by: other, for: lease, at: at(7)) == .fresh)
        for number in [1, 3, 4] { #expect(table.begin(key(number), by: other, for: lease, at: at(7)) == .done) }
        #expect(table.begin(key(9, route: "prices"), by: other, for: lease, at: at(7)) == .done)
        #expect(table.begin(key(100), by: other, for: lease, at: at(7)) == .busy(for: .seconds(53)))
    }

    @Test("Whatever comes, it has no more keys than it may, and the leases of the dead go")
    func bounded() {
        let table = Table()
        for number in 0..<10_000 {
            let now = Duration.seconds(number)
            _ = table.begin(key(number), by: one, for: lease, at: now)
            if number.isMultiple(of: 2) { table.finish(key(number), keeping: retention, at: now) }
            #expect(table.doneCount <= 3)
            #expect(table.leaseCount <= 130)
        }
        let narrow = DeduplicationRetention(window: .seconds(1), maximumKeys: 1_000_000)
        for number in 0..<10_000 { table.finish(key(number), keeping: narrow, at: .seconds(20_000 + number)) }
        #expect(table.doneCount <= 2)
    }

    @Test("Absurd lengths saturate")
    func absurd() {
        let table = Table()
        let endless = Duration(secondsComponent: .max, attosecondsComponent: 0)
        #expect(table.begin(key(1), by: one, for: endless, at: at(0)) == .fresh)
        #expect(table.begin(key(1), by: other, for: endless, at: at(1)) != .fresh)
        table.finish(key(1), keeping: DeduplicationRetention(window: endless, maximumKeys: -1), at: at(2))
        #expect(table.begin(key(1), by: other, for: .zero - endless, at: at(3)) == .done)
        #expect(table.begin(key(2), by: one, for: .zero - endless, at: at(3)) == .fresh)
        #expect(table.begin(key(2), by: other, for: lease, at: at(3)) == .fresh)
    }
}
