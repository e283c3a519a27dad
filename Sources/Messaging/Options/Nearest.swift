extension String {
    /// The candidate with the fewest edits from this text, at most a third of its length; nil when none is near.
    package func nearest(in candidates: [String]) -> String? {
        let scored = candidates.map { (name: $0, distance: editDistance(to: $0)) }
        guard let best = scored.min(by: { $0.distance < $1.distance }) else { return nil }
        return best.distance <= max(1, count / 3) ? best.name : nil
    }

    /// Levenshtein's distance. Longer texts than 64 characters are compared by their beginnings.
    private func editDistance(to other: String) -> Int {
        let (left, right) = (Array(prefix(64)), Array(other.prefix(64)))
        var previous = Array(0...right.count)
        for (row, character) in left.enumerated() {
            var current = [row + 1]
            for (column, candidate) in right.enumerated() {
                let substitution = previous[column] + (character == candidate ? 0 : 1)
                current.append(Swift.min(substitution, previous[column + 1] + 1, current[column] + 1))
            }
            previous = current
        }
        return previous.last ?? 0
    }
}
