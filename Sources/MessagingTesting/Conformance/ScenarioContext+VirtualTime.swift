import InMemoryBroker
import Messaging

extension ConformanceHarness {
    /// Nil: the clock of the server cannot be moved.
    public func onVirtualTime(_ clock: VirtualTime) -> Self? { nil }
}

extension InMemoryHarness {
    /// A harness with the same limits and patience, on a new server.
    public func onVirtualTime(_ clock: VirtualTime) -> InMemoryHarness? {
        let settleLag = InMemoryBroker(memory).limits.settleLag
        let server = InMemoryServer(time: clock, settleLag: settleLag, heartbeat: memory.heartbeat)
        return InMemoryHarness(server, profile: profile, patience: patience, redeliveryTimeout: redeliveryTimeout)
    }
}

extension ScenarioContext {
    /// Does `body` with a context whose server's clock is moved, or, where the harness has none, with this one and no
    /// clock. Both write into one history.
    package func onVirtualTime(_ body: (ScenarioContext, VirtualTime?) async throws -> Void) async throws {
        let clock = VirtualTime()
        guard let virtual = harness.onVirtualTime(clock) else { return try await body(self, nil) }
        history.isNotJudged(because: "the clock of the server is moved, so no time in it can be compared")
        let context = ScenarioContext(
            harness: virtual, kind: kind, seed: seed, run: run, history: history, remarks: remarked)
        do { try await body(context, clock) } catch {
            try? await context.cleanUp()
            throw error
        }
        try await context.cleanUp()
    }
}
