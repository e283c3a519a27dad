/// Patterns of topics, each with a value, found by the topic that they match. What the patterns share is walked once.
package struct PatternTrie<Value: Sendable>: Sendable {
    private struct Node: Sendable {
        var literals: [Substring: Int] = [:]
        var one: Int?
        var any: Int?
        var values: [(order: Int, value: Value)] = []
        var restValues: [(order: Int, value: Value)] = []
        /// Those that one more token leads to, whichever that is.
        var children: [Int] { literals.values + [one].compactMap { $0 } }
    }

    private var nodes = [Node()]
    private var inserted = 0

    package init() {}

    package mutating func insert(_ pattern: TopicPattern, _ value: Value) {
        var node = 0
        inserted += 1
        for token in pattern.tokens {
            switch token {
            case .literal(let text): node = child(of: node, at: \.literals[Substring(text)])
            case .one: node = child(of: node, at: \.one)
            case .any: node = child(of: node, at: \.any)
            case .rest:
                nodes[node].restValues.append((inserted, value))
                return
            }
        }
        nodes[node].values.append((inserted, value))
    }

    /// The values of every pattern that matches, in the order in which they were inserted, each once.
    package func values(matching topic: Topic) -> [Value] {
        var found: [Int: Value] = [:]
        var seen: Set<Visit> = []
        collect(0, topic.tokens[...], &found, &seen)
        return found.sorted { $0.key < $1.key }.map(\.value)
    }

    private struct Visit: Hashable {
        let node: Int
        let left: Int
    }

    /// `seen` keeps what stands behind a `#` from being walked more than once for each number of words that are left:
    /// where one number was seen, so were all smaller ones.
    private func collect(
        _ index: Int, _ words: ArraySlice<Substring>, _ found: inout [Int: Value], _ seen: inout Set<Visit>
    ) {
        let node = nodes[index]
        if let any = node.any {
            for skipped in 0...words.count {
                guard seen.insert(Visit(node: any, left: words.count - skipped)).inserted else { break }
                collect(any, words.dropFirst(skipped), &found, &seen)
            }
        }
        guard let word = words.first else {
            for (order, value) in node.values { found[order] = value }
            return
        }
        for (order, value) in node.restValues { found[order] = value }
        if let literal = node.literals[word] { collect(literal, words.dropFirst(), &found, &seen) }
        if let one = node.one { collect(one, words.dropFirst(), &found, &seen) }
    }

    /// The values of every pattern that matches a topic which this one matches too, in the order in which they were
    /// inserted, each once.
    package func values(overlapping pattern: TopicPattern) -> [Value] {
        var found: [Int: Value] = [:]
        var seen: Set<Visit> = []
        // `>` is `*` and `#`.
        let tokens = pattern.tokens.flatMap { $0 == .rest ? [.one, .any] : [$0] }
        collect(0, tokens[...], &found, &seen)
        return found.sorted { $0.key < $1.key }.map(\.value)
    }

    private func collect(
        _ index: Int, _ tokens: ArraySlice<TopicPattern.Token>, _ found: inout [Int: Value], _ seen: inout Set<Visit>
    ) {
        guard seen.insert(Visit(node: index, left: tokens.count)).inserted else { return }
        let (node, rest) = (nodes[index], tokens.dropFirst())
        if let any = node.any {
            for skipped in 0...tokens.count { collect(any, tokens.dropFirst(skipped), &found, &seen) }
        }
        guard let token = tokens.first else {
            for (order, value) in node.values { found[order] = value }
            return
        }
        for (order, value) in node.restValues { found[order] = value }
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

    private mutating func child(of node: Int, at path: WritableKeyPath<Node, Int?>) -> Int {
        if let child = nodes[node][keyPath: path] { return child }
        nodes.append(Node())
        nodes[node][keyPath: path] = nodes.count - 1
        return nodes.count - 1
    }
}
