import Messaging
import MessagingTesting
import Testing

@Suite struct RingBufferTests {
    @Test func emptyBufferHasNothing() {
        var buffer = RingBuffer<Int>()
        #expect(buffer.isEmpty)
        #expect(buffer.first == nil)
        #expect(buffer.popFirst() == nil)
        #expect(buffer[0] == nil)
        #expect(buffer[-1] == nil)
    }

    @Test func writesBeyondTheEndChangeNothing() {
        var buffer = RingBuffer<Int>()
        buffer.append(1)
        buffer[1] = 2
        buffer[-1] = 2
        buffer[0] = nil
        #expect(buffer.count == 1)
        #expect(buffer[0] == 1)
    }

    @Test func poppedElementsAreReleased() {
        final class Token: Sendable {}
        var buffer = RingBuffer<Token>()
        weak var released: Token?
        do {
            let token = Token()
            released = token
            buffer.append(token)
        }
        #expect(released != nil)
        _ = buffer.popFirst()
        #expect(released == nil)
    }

    @Test(arguments: 0..<20 as Range<UInt64>) func behavesAsAnArray(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        var buffer = RingBuffer<Int>()
        var model: [Int] = []
        for step in 0..<3000 {
            switch Int.random(in: 0..<100, using: &random) {
            case 0..<40:
                buffer.append(step)
                model.append(step)
            case 40..<55:
                buffer.prepend(step)
                model.insert(step, at: 0)
            case 55..<90:
                #expect(buffer.popFirst() == (model.isEmpty ? nil : model.removeFirst()))
            case 90..<99:
                guard let offset = model.indices.randomElement(using: &random) else { continue }
                buffer[offset] = -step
                model[offset] = -step
            default:
                buffer.removeAll()
                model.removeAll()
            }
            #expect(buffer.count == model.count)
            #expect(buffer.first == model.first)
        }
        #expect((0..<buffer.count).map { buffer[$0] } == model)
        #expect(buffer[model.count] == nil)
    }
}
