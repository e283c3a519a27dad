import Messaging
import Testing

@testable import MessagingHub

@Suite struct WorkerSlotTests {
    private func receipt(_ number: UInt64) -> Receipt {
        Receipt(sequence: number, slot: UInt32(truncatingIfNeeded: number &* 3), epoch: UInt32(number % 7))
    }

    @Test func whatIsAddedIsTakenOutOnceWithTheAcceptancesFirst() {
        let slot = WorkerSlot(index: 0)
        #expect(!slot.isDirty)
        #expect(slot.accept(receipt(1)) == 1)
        #expect(slot.add(ReceiptSettlement(receipt(2), .release)) == 2)
        #expect(slot.accept(receipt(3)) == 2)
        #expect(slot.isDirty)
        let (settlements, accepted) = slot.take()
        #expect(accepted == 2)
        #expect(settlements.map(\.receipt) == [receipt(1), receipt(3), receipt(2)])
        #expect(slot.take().settlements.isEmpty)
        #expect(!slot.isDirty)
    }

    /// More than the ring holds, twice around it.
    @Test func whatTheRingCannotHoldIsKeptBesideIt() {
        let slot = WorkerSlot(index: 0)
        for round in 0..<3 {
            let numbers = (0..<200).map { UInt64(round * 200 + $0) }
            for number in numbers { _ = slot.accept(receipt(number)) }
            let (settlements, accepted) = slot.take()
            #expect(accepted == WorkerSlot.flushCount)
            #expect(settlements.map(\.receipt) == numbers.map(receipt))
        }
    }

    /// The worker adds while the sweeper takes out.
    @Test func nothingIsLostOrTakenTwiceBetweenTheWorkerAndTheSweeper() async {
        let (slot, total) = (WorkerSlot(index: 0), 200_000)
        let done = Signal()
        let taken = await withTaskGroup(of: [Receipt].self) { group in
            group.addTask {
                var mine: [Receipt] = []
                for number in 1...UInt64(total) {
                    if slot.accept(receipt(number)) >= WorkerSlot.flushCount {
                        mine += slot.take().settlements.map(\.receipt)
                    }
                }
                done.fire()
                return mine
            }
            group.addTask {
                var mine: [Receipt] = []
                while !done.isFired {
                    if slot.isDirty { mine += slot.take().settlements.map(\.receipt) }
                    await Task.yield()
                }
                return mine
            }
            return await group.reduce(into: []) { $0 += $1 } + slot.take().settlements.map(\.receipt)
        }
        #expect(taken.count == total)
        #expect(Set(taken) == Set((1...UInt64(total)).map(receipt)))
    }
}
