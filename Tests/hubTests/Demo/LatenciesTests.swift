import Testing

@testable import hub

@Suite struct LatenciesTests {
    @Test func sharesAreRightToSixPercent() {
        var latencies = Latencies()
        for microsecond in 1...10_000 { latencies.add(Int64(microsecond) * 1000) }
        for (share, expected) in [(0.5, 5000.0), (0.99, 9900), (0.001, 10), (1, 10_000)] {
            let value = latencies.microseconds(at: share)
            #expect(abs(value - expected) / expected < 0.0701, "\(share): \(value)")
        }
        #expect(latencies.count == 10_000)
        #expect(latencies.histogram().reduce(0) { $0 + $1.count } == 10_000)
    }

    @Test(arguments: [Int64.min, -1, 0, 1, 7, 8, .max]) func extremesAreCounted(nanoseconds: Int64) {
        var latencies = Latencies()
        latencies.add(nanoseconds)
        #expect(latencies.count == 1)
        #expect(latencies.microseconds(at: 0.5) >= 0)
        #expect(latencies.histogram().map(\.count) == [1])
    }

    @Test func nothingHasNoLatency() {
        #expect(Latencies().microseconds(at: 0.5) == 0)
        #expect(Latencies().histogram().isEmpty)
    }
}
