import Messaging
import MessagingReliability
import MessagingTesting
import Testing

@Suite struct MemoryDeduplicationStoreTests {
    private let key = DeduplicationKey(
        broker: "main", route: "orders", destination: .queue("orders"), id: MessageID(high: 0, low: 1))

    @Test("It goes by its clock")
    func clock() async {
        let time = VirtualTime()
        let store = MemoryDeduplicationStore(on: time)
        let (one, other) = (DeduplicationHolder(), DeduplicationHolder())
        #expect(await store.begin(key, by: one, for: .seconds(60)) == .fresh)
        #expect(store.leaseCount == 1)
        time.advance(by: .seconds(50))
        #expect(await store.renew(key, by: one, for: .seconds(60)))
        time.advance(by: .seconds(50))
        #expect(await store.begin(key, by: other, for: .seconds(60)) == .busy(for: .seconds(10)))
        await store.finish(key, by: one, keeping: DeduplicationRetention(window: .seconds(5), maximumKeys: 1))
        #expect(await store.begin(key, by: other, for: .seconds(60)) == .done)
        #expect((store.leaseCount, store.doneCount, store.evictedCount) == (0, 1, 0))
        time.advance(by: .seconds(5))
        #expect(await store.begin(key, by: other, for: .seconds(60)) == .fresh)
        await store.free(key, by: other)
        #expect(store.leaseCount == 0)
    }

    @Test("Of many that begin one key at once exactly one is told that it is fresh")
    func race() async {
        let store = MemoryDeduplicationStore()
        for number in 0..<200 {
            let key = DeduplicationKey(
                broker: "main", route: "orders", destination: .queue("orders"),
                id: MessageID(high: 1, low: UInt64(number)))
            let fresh = await withTaskGroup(of: DeduplicationState.self) { group in
                for _ in 0..<8 {
                    group.addTask { await store.begin(key, by: DeduplicationHolder(), for: .seconds(60)) }
                }
                return await group.reduce(0) { $0 + ($1 == .fresh ? 1 : 0) }
            }
            #expect(fresh == 1)
        }
    }
}
