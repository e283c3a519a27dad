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
        expectArray(seed: seed, of: { $0 }, pop: { $0.popFirst() })
    }

    /// The same where an element owns something, which has ways of its own through the buffer.
    @Test(arguments: 0..<10 as Range<UInt64>) func behavesAsAnArrayOfReferences(seed: UInt64) {
        expectArray(seed: seed, of: { Reference(number: $0) }, pop: { $0.popFirst() })
        expectArray(seed: seed, of: { "an element that is too long to stand in place: \($0)" }, pop: { $0.popFirst() })
    }

    @Test func whatIsRemovedIsReleasedAndTheOthersKeepTheirOrder() {
        var buffer = RingBuffer<Reference>()
        var all: [Unowned] = []
        for number in 0..<100 {
            let reference = Reference(number: number)
            all.append(Unowned(reference: reference))
            // From both ends, so that the elements lie across the seam of the circle.
            if number < 50 { buffer.prepend(reference) } else { buffer.append(reference) }
        }
        buffer.removeAll { $0.number % 3 == 0 }
        #expect((0..<buffer.count).map { buffer[$0]?.number } == expected)
        #expect(all.map { $0.reference == nil } == (0..<100).map { $0 % 3 == 0 })
        buffer.removeAll { _ in true }
        #expect(buffer.isEmpty && buffer.first == nil)
        #expect(all.allSatisfy { $0.reference == nil })
    }

    private var expected: [Int] { ((0..<50).reversed() + (50..<100)).filter { $0 % 3 != 0 } }

    private final class Reference: Hashable, Sendable {
        let number: Int
        init(number: Int) { self.number = number }
        static func == (left: Reference, right: Reference) -> Bool { left.number == right.number }
        func hash(into hasher: inout Hasher) { hasher.combine(number) }
    }

    private struct Unowned {
        weak var reference: Reference?
    }

    /// Does the same to a buffer and to an array, and expects the same of both; the first difference ends it. `pop` is
    /// the caller's, whose element decides which of the two ways of taking the first one out is meant.
    private func expectArray<Element: Hashable & Sendable>(
        seed: UInt64, of element: (Int) -> Element, pop: (inout RingBuffer<Element>) -> Element?,
        sourceLocation: SourceLocation = #_sourceLocation
    ) {
        func fail(_ what: String) {
            Issue.record("an array has something else: \(what)", sourceLocation: sourceLocation)
        }
        var random = SeededGenerator(seed: seed)
        var buffer = RingBuffer<Element>()
        var model: [Element] = []
        for step in 0..<3000 {
            switch Int.random(in: 0..<100, using: &random) {
            case 0..<40:
                buffer.append(element(step))
                model.append(element(step))
            case 40..<55:
                buffer.prepend(element(step))
                model.insert(element(step), at: 0)
            case 55..<90:
                let popped = model.isEmpty ? nil : model.removeFirst()
                guard pop(&buffer) == popped else { return fail("the first element at step \(step)") }
            case 90..<97:
                guard let offset = model.indices.randomElement(using: &random) else { continue }
                buffer[offset] = element(-step)
                model[offset] = element(-step)
            case 97, 98:
                let unwanted = Set(model.filter { _ in Bool.random(using: &random) })
                buffer.removeAll { unwanted.contains($0) }
                model.removeAll { unwanted.contains($0) }
            default:
                buffer.removeAll()
                model.removeAll()
            }
            guard buffer.count == model.count else { return fail("the count at step \(step)") }
            guard buffer.first == model.first else { return fail("the first element at step \(step)") }
        }
        #expect((0..<buffer.count).map { buffer[$0] } == model, sourceLocation: sourceLocation)
        #expect(buffer[model.count] == nil, sourceLocation: sourceLocation)
    }
}
