import Messaging
import Testing

@testable import MessagingHub

@Suite struct FailureMemoryTests {
    private func record(_ run: Int, alarming: Bool = false) -> FailureMemory.Record {
        FailureMemory.Record(
            run: run, failure: Failure("no stock", at: Timestamp(milliseconds: 1)), notBefore: .zero,
            isAlarming: alarming)
    }

    @Test func itRemembersUntilItIsToldToForget() {
        let (memory, id) = (FailureMemory(), MessageID())
        #expect(memory.isEmpty)
        _ = memory.remember(id, record(1))
        _ = memory.remember(id, record(2))
        #expect(memory[id]?.run == 2)
        #expect(memory[MessageID()]?.run == nil)
        _ = memory.forget(id)
        #expect(memory.isEmpty)
    }

    @Test func theAlarmIsRaisedOnceAndLoweredWithTheLast() {
        let (memory, first, second) = (FailureMemory(), MessageID(), MessageID())
        #expect(memory.remember(first, record(1, alarming: true)))
        #expect(!memory.remember(second, record(1, alarming: true)))
        #expect(!memory.remember(first, record(2, alarming: true)))
        #expect(!memory.forget(first))
        #expect(memory.forget(second))
        #expect(!memory.forget(second))
    }

    @Test func itIsBoundedAndTheOldestGoFirst() {
        let memory = FailureMemory()
        let ids = (0..<(FailureMemory.capacity + 100)).map { _ in MessageID() }
        for id in ids { _ = memory.remember(id, record(1)) }
        #expect(memory[ids[0]]?.run == nil)
        #expect(memory[ids[99]]?.run == nil)
        #expect(memory[ids[100]]?.run == 1)
        for _ in 0..<10 {
            for id in ids.suffix(2000) {
                _ = memory.forget(id)
                _ = memory.remember(id, record(1))
            }
        }
        #expect(memory.orderCount <= 4 * FailureMemory.capacity)
    }
}
