/// A queue with two ends in a circle of slots that grows when it is full and never shrinks.
package struct RingBuffer<Element: Sendable>: Sendable {
    private var slots: [Element?]
    private var head = 0
    /// How many elements there are.
    package private(set) var count = 0

    /// An empty buffer.
    package init() { slots = [] }

    package var isEmpty: Bool { count == 0 }
    /// The element at the front.
    package var first: Element? { count == 0 ? nil : slots[head] }

    /// The element at this distance from the front; nil beyond the end.
    package subscript(offset: Int) -> Element? {
        get { offset < 0 || offset >= count ? nil : slots[index(offset)] }
        set { if offset >= 0, offset < count, let newValue { slots[index(offset)] = newValue } }
    }

    package mutating func append(_ element: Element) {
        if count == slots.count { grow() }
        slots[index(count)] = element
        count += 1
    }

    package mutating func prepend(_ element: Element) {
        if count == slots.count { grow() }
        head = (head + slots.count - 1) & (slots.count - 1)
        slots[head] = element
        count += 1
    }

    package mutating func popFirst() -> Element? {
        guard count > 0 else { return nil }
        let element = slots[head]
        slots[head] = nil
        head = (head + 1) & (slots.count - 1)
        count -= 1
        return element
    }

    package mutating func removeAll() { self = RingBuffer() }

    /// The number of slots is a power of two, so that a mask wraps an index.
    private func index(_ offset: Int) -> Int { (head + offset) & (slots.count - 1) }

    private mutating func grow() {
        var larger: [Element?] = []
        larger.reserveCapacity(max(8, slots.count * 2))
        for offset in 0..<count { larger.append(slots[index(offset)]) }
        while larger.count < max(8, slots.count * 2) { larger.append(nil) }
        slots = larger
        head = 0
    }
}
