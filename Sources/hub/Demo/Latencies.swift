/// Latencies, counted in buckets that grow by an eighth: exact to 6 percent, of bounded size. A value.
struct Latencies: Hashable, Sendable {
    private var buckets = [Int](repeating: 0, count: 64 * 8)
    private(set) var count = 0

    /// Adds a latency in nanoseconds; a negative one counts as 0.
    mutating func add(_ nanoseconds: Int64) {
        buckets[Self.bucket(of: UInt64(max(0, nanoseconds)))] += 1
        count += 1
    }

    /// The latency, in microseconds, that this share of them does not exceed; 0 where there are none.
    func microseconds(at share: Double) -> Double {
        let rank = max(1, Int((Double(count) * share).rounded(.up)))
        var seen = 0
        for (index, number) in buckets.enumerated() {
            seen += number
            if seen >= rank, count > 0 { return Self.middle(of: index) / 1000 }
        }
        return 0
    }

    /// How many fall into each power of ten of microseconds, with thirds between: `(upper bound, count)`, empty ends cut.
    func histogram() -> [(upTo: Double, count: Int)] {
        var bounds: [Double] = []
        for power in 0..<7 {
            for step in [1.0, 3.0] { bounds.append(step * [1, 10, 100, 1e3, 1e4, 1e5, 1e6][power]) }
        }
        bounds.append(.infinity)
        var counts = [Int](repeating: 0, count: bounds.count)
        for (index, number) in buckets.enumerated() where number > 0 {
            let value = Self.middle(of: index) / 1000
            counts[bounds.firstIndex { value <= $0 } ?? bounds.count - 1] += number
        }
        guard let first = counts.firstIndex(where: { $0 > 0 }), let last = counts.lastIndex(where: { $0 > 0 }) else {
            return []
        }
        return (first...last).map { (bounds[$0], counts[$0]) }
    }

    private static func bucket(of value: UInt64) -> Int {
        if value < 8 { return Int(value) }
        let exponent = 63 - value.leadingZeroBitCount
        return (exponent - 2) * 8 + Int(value >> UInt64(exponent - 3) & 7)
    }

    private static func middle(of bucket: Int) -> Double {
        if bucket < 8 { return Double(bucket) }
        let (exponent, step) = (bucket / 8 + 2, bucket % 8)
        return (Double(8 + step) + 0.5) * Double(UInt64(1) << UInt64(exponent - 3))
    }
}
