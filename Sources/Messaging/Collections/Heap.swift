/// A binary min-heap: the smallest element first.
@usableFromInline package struct Heap<Element: Comparable & Sendable>: Sendable {
    /// The elements, in the order of the heap.
    @usableFromInline package var elements: [Element]

    /// A heap of these elements, in linear time.
    @inlinable package init(_ elements: [Element] = []) {
        self.elements = elements
        for index in stride(from: elements.count / 2 - 1, through: 0, by: -1) { sink(index) }
    }

    /// Whether there are none.
    @inlinable package var isEmpty: Bool { elements.isEmpty }
    /// How many there are.
    @inlinable package var count: Int { elements.count }
    /// The smallest element.
    @inlinable package var first: Element? { elements.first }

    /// Adds an element.
    @inlinable package mutating func insert(_ element: Element) {
        elements.append(element)
        var child = elements.count - 1
        while child > 0, elements[child] < elements[(child - 1) / 2] {
            elements.swapAt(child, (child - 1) / 2)
            child = (child - 1) / 2
        }
    }

    /// Takes out the smallest element.
    @inlinable package mutating func popFirst() -> Element? {
        guard let smallest = elements.first, let last = elements.popLast() else { return nil }
        if !elements.isEmpty {
            elements[0] = last
            sink(0)
        }
        return smallest
    }

    @inlinable mutating func sink(_ start: Int) {
        var parent = start
        while true {
            var smallest = parent
            let (left, right) = (2 * parent + 1, 2 * parent + 2)
            if left < elements.count, elements[left] < elements[smallest] { smallest = left }
            if right < elements.count, elements[right] < elements[smallest] { smallest = right }
            if smallest == parent { return }
            elements.swapAt(parent, smallest)
            parent = smallest
        }
    }
}
