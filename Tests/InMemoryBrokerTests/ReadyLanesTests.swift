import Messaging
import Testing

@testable import InMemoryBroker

@Suite struct ReadyLanesTests {
    @Test func oneLaneIsAQueueInWhichWhatCameBackGoesFirst() {
        var lanes = ReadyLanes(maximumPriority: 0)
        for order in 1...4 { lanes.append(.init(order: UInt64(order), slot: UInt32(order)), priority: 9) }
        #expect(lanes.next() == 1)
        #expect(lanes.next() == 2)
        lanes.restore(.init(order: 2, slot: 2), priority: 0)
        lanes.restore(.init(order: 1, slot: 1), priority: 0)
        #expect([lanes.next(), lanes.next(), lanes.next(), lanes.next(), lanes.next()] == [1, 2, 3, 4, nil])
    }

    @Test func ofSixteenAtLeastOneIsTheOldest() {
        var lanes = ReadyLanes(maximumPriority: 10)
        lanes.append(.init(order: 0, slot: 1000), priority: 0)
        for order in 1...100 { lanes.append(.init(order: UInt64(order), slot: UInt32(order)), priority: 10) }
        let taken = (0..<ReadyLanes.bound).compactMap { _ in lanes.next() }
        #expect(taken.contains(1000))
    }

    @Test func whatWaitedForItsTimeDoesNotPassWhatArrivedBeforeIt() {
        var lanes = ReadyLanes(maximumPriority: 10)
        lanes.append(.init(order: 1, slot: 1), priority: 5)
        lanes.append(.init(order: 4, slot: 4), priority: 5)
        lanes.restore(.init(order: 3, slot: 3), priority: 5)
        lanes.restore(.init(order: 2, slot: 2), priority: 5)
        #expect([lanes.next(), lanes.next(), lanes.next(), lanes.next(), lanes.next()] == [1, 2, 3, 4, nil])
    }

    @Test func aStreamOfReturnedOnesDoesNotKeepTheOldestWaiting() {
        var lanes = ReadyLanes(maximumPriority: 10)
        lanes.append(.init(order: 0, slot: 1000), priority: 0)
        var taken: [UInt32] = []
        for order in 1...ReadyLanes.bound {
            lanes.restore(.init(order: UInt64(order), slot: UInt32(order)), priority: 0)
            lanes.append(.init(order: UInt64(order), slot: UInt32(500 + order)), priority: 10)
            if let slot = lanes.next() { taken.append(slot) }
        }
        #expect(taken.contains(1000))
    }
}

@Suite struct HoldCellsTests {
    @Test func aReceiptIsHeldUntilItsCellIsEmptiedOrHasAnother() {
        let cells = HoldCells(count: 70)
        cells.set(69, to: 7)
        #expect(cells.holds(.init(sequence: 7, slot: 69)))
        #expect(!cells.holds(.init(sequence: 8, slot: 69)))
        #expect(!cells.holds(.init(sequence: 0, slot: 1)))
        #expect(!cells.holds(.init(sequence: 7, slot: 70)))
        #expect(!cells.holds(.init(sequence: 7, slot: .max)))
        cells.set(69, to: 0)
        #expect(!cells.holds(.init(sequence: 7, slot: 69)))
    }
}
