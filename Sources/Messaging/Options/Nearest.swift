extension String {
    /// The candidate with the fewest edits from this text, at most a third of its length; nil when none is near.
    package func nearest(in candidates: [String]) -> String? {
        let scored = candidates.map { (name: $0, distance: editDistance(to: $0)) }
        guard let best = scored.min(by: { $0.distance < $1.distance }) else { return nil }
        return best.distance <= max(1, count / 3) ? best.name : nil
    }

    /// The edits between two texts, a swap of neighbours being one. Of longer texts than 64 characters the beginnings are
    /// compared.
    private func editDistance(to other: String) -> Int {
        let (left, right) = (Array(prefix(64)), Array(other.prefix(64)))
        var rows = [Array(0...right.count)]
        for (row, character) in left.enumerated() {
            let above = rows[row]
            var current = [row + 1]
            for (column, candidate) in right.enumerated() {
                let substitution = above[column] + (character == candidate ? 0 : 1)
                var edits = Swift.min(substitution, above[column + 1] + 1, current[column] + 1)
                if row > 0, column > 0, character == right[column - 1], left[row - 1] == candidate {
                    edits = Swift.min(edits, rows[row - 1][column - 1] + 1)
                }
                current.append(edits)
            }
            rows.append(current)
        }
        return rows.last?.last ?? 0
    }
}
