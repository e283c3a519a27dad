/// Which nodes of a directed graph lead to each other, there and back. One pass over its edges, without recursion.
struct StrongComponents: Sendable {
    /// A node of which some edges may be left to follow.
    private struct Visit {
        let node: Int
        var next = 0
    }

    /// The number of each node's component; equal for two nodes exactly where each can be reached from the other.
    let numbers: [Int]

    /// Those of a graph whose nodes are `edges.indices`, each with the nodes that it leads to.
    init(_ edges: [[Int]]) {
        var numbers = [Int](repeating: -1, count: edges.count)
        var order = [Int](repeating: -1, count: edges.count)
        // The earliest node, in the order of finding, that is known to be reached from each and is not done.
        var earliest = order
        var (found, components): (Int, Int) = (0, 0)
        var (open, visits): ([Int], [Visit]) = ([], [])
        for root in edges.indices where order[root] < 0 {
            visits = [Visit(node: root)]
            while var visit = visits.popLast() {
                let node = visit.node
                if visit.next == 0 {
                    (order[node], earliest[node]) = (found, found)
                    found += 1
                    open.append(node)
                } else {
                    let child = edges[node][visit.next - 1]
                    if numbers[child] < 0 { earliest[node] = min(earliest[node], earliest[child]) }
                }
                if visit.next < edges[node].count {
                    let child = edges[node][visit.next]
                    visit.next += 1
                    visits.append(visit)
                    if order[child] < 0 { visits.append(Visit(node: child)) }
                } else if earliest[node] == order[node] {
                    while let last = open.popLast() {
                        numbers[last] = components
                        if last == node { break }
                    }
                    components += 1
                }
            }
        }
        self.numbers = numbers
    }
}
