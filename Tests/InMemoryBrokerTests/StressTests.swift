import Testing

/// Everything at once, on many threads: nothing that was confirmed is lost, doubled, reordered or stuck.
@Suite(.serialized, .timeLimit(.minutes(2))) struct StressTests {
    @Test(arguments: 0..<6) func whatIsSentIsHandledOnceWhateverHappensMeanwhile(seed: Int) async throws {
        let run = StressRun(seed: seed)
        try await run.go()
        #expect(run.problems.isEmpty, "seed \(seed): \(run.problems.prefix(5))")
        #expect(run.sent > 1000, "seed \(seed)")
    }
}
