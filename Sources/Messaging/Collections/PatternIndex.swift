/// Patterns of topics by their number, in the order in which they were inserted, found by the topic that they match. What
/// the patterns share is walked once.
package struct PatternIndex: Sendable {
    private struct Node: Sendable {
        var literals: [Substring: Int] = [:]
        var one: Int?
        var any: Int?
        /// Patterns that end here.
        var numbers: [Int] = []
        /// Patterns that end here with one word or more to swallow.
        var restNumbers: [Int] = []
        /// Those that one more token leads to, whichever that is.
        var children: [Int] { literals.values + [one].compactMap { $0 } }
        /// Whether patterns end here, and none goes on.
        var isLeaf: Bool { literals.isEmpty && one == nil && any == nil && restNumbers.isEmpty }
    }

    private struct Visit: Hashable {
        let node: Int
        let left: Int
    }

    private var nodes = [Node()]
    /// How many patterns there are.
    package private(set) var count = 0

    package init() {}

    /// Adds a pattern; its number is how many there were before.
    package mutating func insert(_ pattern: TopicPattern) {
        var node = 0
        defer { count += 1 }
        for token in pattern.tokens {
            switch token {
            case .literal(let text): node = child(of: node, at: \.literals[Substring(text)])
            case .one: node = child(of: node, at: \.one)
            case .any: node = child(of: node, at: \.any)
            case .rest:
                nodes[node].restNumbers.append(count)
                return
            }
        }
        nodes[node].numbers.append(count)
    }

    private mutating func child(of node: Int, at path: WritableKeyPath<Node, Int?>) -> Int {
        if let child = nodes[node][keyPath: path] { return child }
        nodes.append(Node())
        nodes[node][keyPath: path] = nodes.count - 1
        return nodes.count - 1
    }

    // MARK: By topic

    /// Every pattern that matches, each once.
    package func numbers(matching topic: Topic) -> [Int] {
        let words = topic.tokens
        var (found, seen): ([Int], Set<Visit>) = ([], [])
        visit(0, words[...], &seen) { found += $0 }
        return Self.ascending(found)
    }

    /// The first pattern that matches; nil when none does.
    package func first(matching topic: Topic) -> Int? {
        let words = topic.tokens
        var (first, seen): (Int?, Set<Visit>) = (nil, [])
        // Those of a node are in ascending order.
        visit(0, words[...], &seen) { numbers in
            if let number = numbers.first, number < first ?? .max { first = number }
        }
        return first
    }

    /// Tells of what matches, of some more than once. `seen` keeps what stands behind a `#` from being walked more than once
    /// for each number of words that are left: where one number was seen, so were all smaller ones.
    private func visit(
        _ node: Int, _ words: ArraySlice<Substring>, _ seen: inout Set<Visit>, _ found: ([Int]) -> Void
    ) {
        if let any = nodes[node].any {
            if nodes[any].isLeaf {
                found(nodes[any].numbers)
            } else {
                for skipped in 0...words.count {
                    guard seen.insert(Visit(node: any, left: words.count - skipped)).inserted else { break }
                    visit(any, words.dropFirst(skipped), &seen, found)
                }
            }
        }
        guard let word = words.first else { return found(nodes[node].numbers) }
        if !nodes[node].restNumbers.isEmpty { found(nodes[node].restNumbers) }
        if let literal = nodes[node].literals[word] { visit(literal, words.dropFirst(), &seen, found) }
        if let one = nodes[node].one { visit(one, words.dropFirst(), &seen, found) }
    }

    // MARK: By pattern

    /// Every pattern that matches a topic which this one matches too, each once.
    package func numbers(overlapping pattern: TopicPattern) -> [Int] {
        var (found, seen): ([Int], Set<Visit>) = ([], [])
        // `>` is `*` and `#`.
        let tokens = pattern.tokens.flatMap { $0 == .rest ? [.one, .any] : [$0] }
        collect(0, tokens[...], &found, &seen)
        return Self.ascending(found)
    }

    private func collect(
        _ index: Int, _ tokens: ArraySlice<TopicPattern.Token>, _ found: inout [Int], _ seen: inout Set<Visit>
    ) {
        guard seen.insert(Visit(node: index, left: tokens.count)).inserted else { return }
        let (node, rest) = (nodes[index], tokens.dropFirst())
        if let any = node.any {
            for skipped in 0...tokens.count { collect(any, tokens.dropFirst(skipped), &found, &seen) }
        }
        guard let token = tokens.first else {
            found += node.numbers
            return
        }
        found += node.restNumbers
        switch token {
        case .literal(let text):
            if let literal = node.literals[Substring(text)] { collect(literal, rest, &found, &seen) }
            if let one = node.one { collect(one, rest, &found, &seen) }
        case .one: for child in node.children { collect(child, rest, &found, &seen) }
        case .any, .rest:
            collect(index, rest, &found, &seen)
            for child in node.children { collect(child, tokens, &found, &seen) }
        }
    }

    /// In their order, each once.
    private static func ascending(_ numbers: [Int]) -> [Int] {
        if numbers.count < 2 { return numbers }
        let sorted = numbers.sorted()
        return sorted.indices.compactMap { $0 > 0 && sorted[$0] == sorted[$0 - 1] ? nil : sorted[$0] }
    }
}
