import Messaging
import Testing

@testable import MessagingHub

@Suite struct FailureMemoryTests {
    private func key() -> FailureMemory.Key {
        FailureMemory.Key(Delivery(message: Message(), receipt: Receipt(sequence: 0)))
    }

    private func record(_ run: Int, kept: String? = nil) -> FailureMemory.Record {
        FailureMemory.Record(
            run: run, failure: Failure("no stock", at: Timestamp(milliseconds: Int64(run))), notBefore: .zero,
            kept: kept)
    }

    @Test func itRemembersUntilItIsToldToForget() {
        let (memory, id) = (FailureMemory(), key())
        #expect(memory.isEmpty)
        _ = memory.remember(id, record(1))
        _ = memory.remember(id, record(2))
        #expect(memory[id]?.run == 2)
        #expect(memory[key()]?.run == nil)
        memory.forget(id)
        #expect(memory.isEmpty)
    }

    @Test func theAlarmIsRaisedOnceAndLoweredWithTheLast() {
        let (memory, first, second) = (FailureMemory(), key(), key())
        #expect(memory.alarm == nil)
        #expect(memory.remember(first, record(1, kept: "exhausted")))
        #expect(!memory.remember(second, record(3, kept: "rejected")))
        #expect(!memory.remember(first, record(2, kept: "exhausted")))
        #expect(memory.alarm == "message \(first.id) is exhausted: no stock, and 1 more")
        memory.forget(first)
        #expect(memory.alarm == "message \(second.id) is rejected: no stock")
        memory.forget(second)
        #expect(memory.alarm == nil)
    }

    @Test func theAlarmGoesWithAMessageThatMakesRoomAndStandsAgainWithIt() {
        let (memory, id) = (FailureMemory(), key())
        #expect(memory.remember(id, record(1, kept: "exhausted")))
        for _ in 0..<FailureMemory.capacity { _ = memory.remember(key(), record(1)) }
        #expect(memory[id]?.run == nil)
        #expect(memory.alarm == nil)
        #expect(memory.remember(id, record(2, kept: "exhausted")))
        #expect(memory.alarm != nil)
    }

    @Test func itIsBoundedAndTheOldestGoFirst() {
        let memory = FailureMemory()
        let ids = (0..<(FailureMemory.capacity + 100)).map { _ in key() }
        for id in ids { _ = memory.remember(id, record(1)) }
        #expect(memory[ids[0]]?.run == nil)
        #expect(memory[ids[99]]?.run == nil)
        #expect(memory[ids[100]]?.run == 1)
        for _ in 0..<10 {
            for id in ids.suffix(2000) {
                memory.forget(id)
                _ = memory.remember(id, record(1))
            }
        }
        #expect(memory.orderCount <= 4 * FailureMemory.capacity)
    }
}
