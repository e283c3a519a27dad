/// A queue with two ends in a circle of slots that grows when it is full and never shrinks.
@usableFromInline package struct RingBuffer<Element: Sendable>: Sendable {
    @usableFromInline var slots = Cells<Element>()
    @usableFromInline var head = 0
    @usableFromInline var elementCount = 0
    /// How many elements there are.
    @inlinable package var count: Int { elementCount }

    /// An empty buffer.
    @inlinable package init() {}

    /// Whether there are none.
    @inlinable package var isEmpty: Bool { count == 0 }
    /// The element at the front.
    @inlinable package var first: Element? { count == 0 ? nil : slots[head] }

    /// The element at this distance from the front; nil beyond the end.
    @inlinable package subscript(offset: Int) -> Element? {
        get { offset < 0 || offset >= count ? nil : slots[index(offset)] }
        set { if offset >= 0, offset < count, let newValue { slots.replace(newValue, at: index(offset)) } }
    }

    /// Adds an element behind the others.
    @inlinable package mutating func append(_ element: consuming Element) {
        if count == slots.count { grow() }
        slots.put(consume element, at: index(count))
        elementCount &+= 1
    }

    /// Adds an element before the others.
    @inlinable package mutating func prepend(_ element: consuming Element) {
        if count == slots.count { grow() }
        head = (head &+ slots.count &- 1) & (slots.count &- 1)
        slots.put(consume element, at: head)
        elementCount &+= 1
    }

    /// Takes out the element at the front; nil when there is none.
    @inlinable package mutating func popFirst() -> Element? {
        guard count > 0 else { return nil }
        let element = slots.take(head)
        head = (head &+ 1) & (slots.count &- 1)
        elementCount &-= 1
        return element
    }

    /// As above: an element that owns nothing need not be overwritten.
    @inlinable package mutating func popFirst() -> Element? where Element: BitwiseCopyable {
        guard count > 0 else { return nil }
        let element = slots[head]
        head = (head &+ 1) & (slots.count &- 1)
        elementCount &-= 1
        return element
    }

    /// Takes out every element.
    @inlinable package mutating func removeAll() { self = RingBuffer() }

    /// Removes the elements that do not fit, in linear time.
    @inlinable package mutating func removeAll(where isUnwanted: (Element) -> Bool) {
        var kept = RingBuffer()
        while let element = popFirst() { if !isUnwanted(element) { kept.append(element) } }
        self = kept
    }

    /// The number of slots is a power of two, so that a mask wraps an index.
    @inlinable func index(_ offset: Int) -> Int { (head &+ offset) & (slots.count &- 1) }

    @inlinable mutating func grow() {
        let size = Swift.max(8, slots.count * 2)
        var larger = Cells<Element>(count: size)
        for offset in 0..<count { if let element = slots.take(index(offset)) { larger.put(element, at: offset) } }
        slots = larger
        head = 0
    }
}
