import InMemoryBroker
public import Messaging

/// Compares a broker with memory that has its profile: whether a test in memory is worth anything.
///
///     for probe in ParityProbe.all { print(await ProfileParity(.redis, live: MyHarness()).compare(probe)) }
public struct ProfileParity: Sendable {
    /// What came of a probe.
    public enum Result: Hashable, Sendable {
        /// Both answered so.
        case agreed(ParityAnswer)
        /// They did not; which is at fault, and what to do.
        case differs(String)
    }

    private let profile: BrokerProfile
    private let live: any ConformanceHarness
    private let memory: any ConformanceHarness

    /// Compares the brokers of `live` with those of `memory`, asking about the limits of a profile. Default: memory with
    /// this profile and room for two of the largest bodies.
    public init(_ profile: BrokerProfile, live: any ConformanceHarness, memory: (any ConformanceHarness)? = nil) {
        self.profile = profile
        self.live = live
        self.memory = memory ?? InMemoryHarness(roomyFor: profile)
    }

    /// Puts a probe to both sides and removes what it made.
    public func compare(_ probe: ParityProbe) async -> Result {
        let run = String(UInt64.random(in: 0...UInt64.max), radix: 36)
        let (ours, theirs): (ParityAnswer, ParityAnswer)
        do {
            ours = try await answer(to: probe, of: memory, run)
            theirs = try await answer(to: probe, of: live, run)
        } catch {
            return .differs("\(probe): there is no answer to compare: \(error)")
        }
        if ours == theirs { return .agreed(ours) }
        let name = live.name
        switch (theirs, ours) {
        case (.accepted, _):
            return .differs(
                "\(probe): wrong probe or profile: \(name) accepted what memory \(ours); mend the profile")
        case (_, .accepted):
            return .differs(
                "\(probe): memory accepted what \(name) \(theirs), so a test in memory proves nothing; mend the profile"
            )
        default: return .differs("\(probe): \(name) \(theirs), memory \(ours); one code is wrong")
        }
    }

    private func answer(
        to probe: ParityProbe, of harness: any ConformanceHarness, _ run: String
    ) async throws -> ParityAnswer {
        let broker = try await harness.launch().broker
        let other = try await harness.launch().broker
        try await broker.connect { _ in }
        try await other.connect { _ in }
        let bench = ParityBench(broker, asking: profile, run: run, patience: harness.patience)
        let answer: Swift.Result<ParityAnswer, any Error>
        do { answer = .success(try await bench.answer(to: probe, on: harness.time)) } catch { answer = .failure(error) }
        await bench.cleanUp(by: other)
        await other.close(within: .seconds(1))
        return try answer.get()
    }
}

extension InMemoryHarness {
    /// Memory with this profile, and room for some of its largest messages.
    fileprivate init(roomyFor profile: BrokerProfile) {
        self.init(InMemoryServer(maximumBytes: 1 << 40), profile: profile)
    }
}
