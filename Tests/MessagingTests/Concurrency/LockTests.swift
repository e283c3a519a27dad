import Messaging
import Testing

@Suite struct LockTests {
    @Test func countsOfManyTasksAddUp() async {
        let lock = Counter()
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<8 { group.addTask { for _ in 0..<10_000 { lock.count.withLock { $0 += 1 } } } }
        }
        #expect(lock.count.withLock { $0 } == 80_000)
    }

    @Test func errorsOfTheClosureComeThroughAndUnlock() {
        struct Stop: Error {}
        let lock = Lock(1)
        #expect(throws: Stop.self) {
            try lock.withLock { (state: inout Int) throws(Stop) in
                state = 2
                throw Stop()
            }
        }
        #expect(lock.withLock { $0 } == 2)
    }

    private final class Counter: Sendable {
        let count = Lock(0)
    }
}
