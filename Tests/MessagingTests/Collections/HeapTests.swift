import Messaging
import MessagingTesting
import Testing

@Suite struct HeapTests {
    @Test func emptyHeapHasNoFirst() {
        var heap = Heap<Int>()
        #expect(heap.isEmpty)
        #expect(heap.first == nil)
        #expect(heap.popFirst() == nil)
    }

    @Test func sortsWhatItIsMadeOf() {
        var random = SeededGenerator(seed: 1)
        for count in 0..<50 {
            let numbers = (0..<count).map { _ in Int.random(in: 0..<20, using: &random) }
            var heap = Heap(numbers)
            var popped: [Int] = []
            while let next = heap.popFirst() { popped.append(next) }
            #expect(popped == numbers.sorted())
        }
    }

    @Test(arguments: 0..<20 as Range<UInt64>) func behavesAsASortedArray(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        var heap = Heap<Int>()
        var model: [Int] = []
        for _ in 0..<2000 {
            if Int.random(in: 0..<5, using: &random) < 3 {
                let number = Int.random(in: -50..<50, using: &random)
                heap.insert(number)
                model.insert(number, at: model.firstIndex { $0 >= number } ?? model.count)
            } else {
                #expect(heap.popFirst() == (model.isEmpty ? nil : model.removeFirst()))
            }
            #expect(heap.first == model.first)
            #expect(heap.count == model.count)
            #expect(heap.isEmpty == model.isEmpty)
        }
    }
}
