import MessagingReliability
import MessagingTesting
import Testing

@Suite struct PendingRepliesTests {
    private let time = VirtualTime()

    private func pending(_ names: [String], capacity: Int = 100) -> (PendingReplies<String>, [CorrelationID]) {
        var pending = PendingReplies<String>(capacity: capacity)
        let ids = names.map { _ in CorrelationID() }
        let added = zip(names, ids).map { pending.add($0, as: $1, until: time.uptime + .seconds(5)) }
        #expect(added.allSatisfy { $0 })
        return (pending, ids)
    }

    @Test("A reply resolves the request whose correlation id it has, in whatever order replies come")
    func byCorrelation() {
        let names = (0..<1000).map { "asker \($0)" }
        var (pending, ids) = pending(names, capacity: 1000)
        let order = Array(names.indices.shuffled())
        let resolved = order.map { pending.resolve(ids[$0].description, at: time.uptime) }
        #expect(resolved == order.map { names[$0] })
        #expect(pending.count == 0)
    }

    @Test("A request waits until its deadline, and one that waits no more has none") func deadline() {
        var (pending, ids) = pending(["a", "b"])
        #expect(ids.map { pending.deadline(of: $0) } == [time.uptime + .seconds(5), time.uptime + .seconds(5)])
        pending.remove(ids[0])
        #expect(pending.deadline(of: ids[0]) == nil && pending.deadline(of: CorrelationID()) == nil)
    }

    @Test("A reply resolves one request, once") func once() {
        var (pending, ids) = pending(["a", "b"])
        let resolved = (0..<3).map { _ in pending.resolve(ids[0].description, at: time.uptime) }
        #expect(resolved == ["a", nil, nil] && pending.count == 1)
    }

    @Test("From the moment on at which its time is up, a request is resolved by nothing") func late() {
        var (pending, ids) = pending(["a", "b"])
        time.advance(by: .seconds(5) - .nanoseconds(1))
        let inTime = pending.resolve(ids[0].description, at: time.uptime)
        time.advance(by: .nanoseconds(1))
        let late = pending.resolve(ids[1].description, at: time.uptime)
        #expect(inTime == "a" && late == nil)
        #expect(pending.count == 1, "it has its slot until whoever asked leaves")
        pending.remove(ids[1])
        #expect(pending.count == 0)
    }

    @Test("A late reply does not resolve the request that came after") func lateIsNotTheNext() {
        var (pending, ids) = pending(["first"])
        pending.remove(ids[0])
        let next = CorrelationID()
        _ = pending.add("next", as: next, until: time.uptime + .seconds(5))
        let late = pending.resolve(ids[0].description, at: time.uptime)
        let own = pending.resolve(next.description, at: time.uptime)
        #expect(late == nil && own == "next")
    }

    @Test(
        "What is no correlation id, or another's, resolves nothing",
        arguments: [nil, "", "0", String(repeating: "0", count: 32), String(repeating: "é", count: 16), "\u{0}"])
    func strangers(correlationID: String?) {
        var (pending, ids) = pending(["a"])
        let known = ids[0].description
        let guesses = [correlationID, known + "0", " " + known, String(known.dropLast()), "\(CorrelationID())"]
        let resolved = guesses.map { pending.resolve($0, at: time.uptime) }
        #expect(resolved.allSatisfy { $0 == nil } && pending.count == 1)
    }

    @Test("No more wait than may; who leaves makes room for one") func bounded() {
        var (pending, ids) = pending(["a", "b"], capacity: 2)
        let third = CorrelationID()
        let end = time.uptime + .seconds(5)
        let refused = pending.add("c", as: third, until: end)
        let stranger = pending.resolve(third.description, at: time.uptime)
        pending.remove(ids[1])
        let taken = pending.add("c", as: third, until: end)
        let further = pending.add("d", as: CorrelationID(), until: end)
        #expect([refused, taken, further] == [false, true, false] && stranger == nil)
    }

    @Test("At the end each of those who wait is named once") func removeAll() {
        var (pending, ids) = pending(["a", "b"])
        let (first, second) = (pending.removeAll().sorted(), pending.removeAll())
        let late = pending.resolve(ids[0].description, at: time.uptime)
        #expect(first == ["a", "b"] && second.isEmpty && late == nil)
    }

    @Test("Correlation ids differ in every digit, and are read as they are written") func correlationIDs() {
        let ids = (0..<1000).map { _ in CorrelationID() }
        #expect(Set(ids).count == 1000)
        #expect(ids.allSatisfy { CorrelationID($0.description) == $0 && $0.description.utf8.count == 32 })
        let digits = ids.map { Array($0.description.utf8) }
        #expect((0..<32).allSatisfy { position in Set(digits.map { $0[position] }).count == 16 })
    }
}
