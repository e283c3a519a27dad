import Messaging
import MessagingTesting
import Testing

@Suite struct MessageIDTests {
    /// The example of the ULID specification, its bytes, and the largest id that it allows.
    @Test(arguments: [
        ("01ARZ3NDEKTSV4RRFFQ69G5FAV", 0x0156_3E3A_B5D3_D676 as UInt64, 0x4C61_EFB9_9302_BD5B as UInt64),
        ("7ZZZZZZZZZZZZZZZZZZZZZZZZZ", .max, .max),
        ("00000000000000000000000000", 0, 0),
        ("00000000000000000000000001", 0, 1),
    ])
    func vectors(text: String, high: UInt64, low: UInt64) throws {
        let id = try #require(MessageID(text))
        #expect(id == MessageID(high: high, low: low))
        #expect(id.description == text)
    }

    @Test func timeIsInTheFirstTenCharacters() throws {
        #expect(try #require(MessageID("01ARYZ6S41TSV4RRFFQ69G5FAV")).timestamp.milliseconds == 1_469_918_176_385)
        #expect(try #require(MessageID("7ZZZZZZZZZZZZZZZZZZZZZZZZZ")).high >> 16 == 281_474_976_710_655)
    }

    @Test func lowerCaseIsRead() {
        #expect(MessageID("01arz3ndektsv4rrffq69g5fav") == MessageID("01ARZ3NDEKTSV4RRFFQ69G5FAV"))
    }

    @Test(arguments: [
        "", "01ARZ3NDEKTSV4RRFFQ69G5FA", "01ARZ3NDEKTSV4RRFFQ69G5FAVV", "80000000000000000000000000",
        "8ZZZZZZZZZZZZZZZZZZZZZZZZZ", "ZZZZZZZZZZZZZZZZZZZZZZZZZZ", "01ARZ3NDEKTSV4RRFFQ69G5FAU",
        "01ARZ3NDEKTSV4RRFFQ69G5FAI", "01ARZ3NDEKTSV4RRFFQ69G5FAL", "01ARZ3NDEKTSV4RRFFQ69G5FAO",
        "01ARZ3NDEKTSV4RRFFQ69G5FA-", "01ARZ3NDEKTSV4RRFFQ69G5FA ", "01ARZ3NDEKTSV4RRFFQ69G5Fä",
    ])
    func badTextIsRefused(text: String) {
        #expect(MessageID(text) == nil)
    }

    @Test func textSortsAsIDsDo() {
        var random = SeededGenerator(seed: 7)
        var ids = (0..<1000).map { _ in
            MessageID(high: .random(in: 0...0x7FFF << 48, using: &random), low: random.next())
        }
        for id in ids { #expect(MessageID(id.description) == id) }
        ids.sort()
        #expect(ids.map(\.description) == ids.map(\.description).sorted())
    }

    @Test func idsGrowWithinAMillisecond() {
        let generator = MessageIDGenerator()
        let now = Timestamp(milliseconds: 1_700_000_000_000)
        let ids = (0..<10_000).map { _ in generator.next(at: now) }
        for (earlier, later) in zip(ids, ids.dropFirst()) { #expect(earlier < later) }
        #expect(ids.allSatisfy { $0.timestamp == now })
    }

    @Test func idsGrowWhenTheClockIsSetBack() {
        let generator = MessageIDGenerator()
        let first = generator.next(at: Timestamp(milliseconds: 1_700_000_000_000))
        let second = generator.next(at: Timestamp(milliseconds: 1_600_000_000_000))
        let third = generator.next(at: Timestamp(milliseconds: -1))
        let fourth = generator.next(at: Timestamp(milliseconds: 1_700_000_000_001))
        #expect(first < second)
        #expect(second < third)
        #expect(third < fourth)
        #expect(second.timestamp == first.timestamp)
        #expect(fourth.timestamp.milliseconds == 1_700_000_000_001)
    }

    @Test func newMillisecondsDrawNewBits() {
        let one = MessageIDGenerator().next(at: Timestamp(milliseconds: 1))
        let other = MessageIDGenerator().next(at: Timestamp(milliseconds: 1))
        #expect(one.low != other.low)
        #expect(one.high & 0x8000 == 0)
    }

    @Test func concurrentIDsAreUnique() async {
        let ids = await withTaskGroup(of: [MessageID].self) { group in
            for _ in 0..<8 { group.addTask { (0..<5000).map { _ in MessageID() } } }
            var all: [MessageID] = []
            for await some in group {
                for (earlier, later) in zip(some, some.dropFirst()) where earlier >= later {
                    Issue.record("not growing")
                }
                all += some
            }
            return all
        }
        #expect(Set(ids).count == 40_000)
    }

    @Test func newIDsAreOfNow() {
        let before = Timestamp.now.milliseconds
        let id = MessageID()
        #expect(id.timestamp.milliseconds >= before)
        #expect(id.timestamp.milliseconds <= Timestamp.now.milliseconds + 1)
    }
}
