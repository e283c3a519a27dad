/// Places in a row, each empty or with one element, for those who know which are empty.
///
/// In an array of optionals an assignment destroys what was there before, though it is known to be nothing; for a message
/// that is a tenth of the cost of its hand-over. `put` does not look.
@usableFromInline package struct Cells<Element: Sendable>: Sendable {
    @usableFromInline var elements: [Element?] = []

    /// No places.
    @inlinable package init() {}

    /// Empty places.
    @inlinable package init(count: Int) { elements = Array(repeating: nil, count: count) }

    /// How many places there are.
    @inlinable package var count: Int { elements.count }

    /// What is in a place; nil when it is empty.
    @inlinable package subscript(index: Int) -> Element? { elements[index] }

    /// Adds a place with an element in it.
    @inlinable package mutating func append(_ element: consuming Element) { elements.append(consume element) }

    /// Puts an element into a place that is empty. One that is there already would never be freed.
    @inlinable package mutating func put(_ element: consuming Element, at index: Int) {
        var element = Optional(consume element)
        elements.withUnsafeMutableBufferPointer { $0.initializeElement(at: index, to: element.take()) }
    }

    /// Replaces what is in a place.
    @inlinable package mutating func replace(_ element: consuming Element, at index: Int) {
        elements[index] = consume element
    }

    /// Empties a place; what was in it.
    @inlinable package mutating func take(_ index: Int) -> Element? {
        elements.withUnsafeMutableBufferPointer { places in
            let element = places.moveElement(from: index)
            places.initializeElement(at: index, to: nil)
            return element
        }
    }
}
