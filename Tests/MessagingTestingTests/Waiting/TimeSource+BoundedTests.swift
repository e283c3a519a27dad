import Messaging
import MessagingTesting
import Testing

@Suite("A call in bounded time") struct BoundedTests {
    private struct Fault: Error {}

    @Test func whatTheWorkGivesOrThrowsIsPassedOn() async throws {
        let time = VirtualTime()
        #expect(try await time.bounded("work", within: .seconds(1)) { 42 } == 42)
        await #expect(throws: Fault.self) {
            try await time.bounded("work", within: .seconds(1)) { throw Fault() }
        }
    }

    @Test func aHangIsNamedAndTheWorkCancelled() async {
        let time = VirtualTime()
        let wasCancelled = Observed(false)
        async let outcome: String = {
            do {
                try await time.bounded("receive from queue orders", within: .seconds(5)) {
                    try? await SystemTime.shared.sleep(for: .seconds(600))
                    wasCancelled.change { $0 = Task.isCancelled }
                }
                return "it returned"
            } catch { return "\(error)" }
        }()
        #expect(await time.waits(forAlarms: 1, within: .seconds(10)))
        time.advance(by: .seconds(5))
        #expect(await outcome == "receive from queue orders did not return within 5s")
        #expect(await wasCancelled.first(within: .seconds(10)) { $0 } == true)
    }

    @Test func cancellingTheCallerCancelsTheWork() async {
        let began = Observed(false)
        let calling = Task {
            try await VirtualTime().bounded("work", within: .seconds(5)) {
                began.change { $0 = true }
                try await SystemTime.shared.sleep(for: .seconds(600))
            }
        }
        _ = await began.first(within: .seconds(10)) { $0 }
        calling.cancel()
        await #expect(throws: CancellationError.self) { try await calling.value }
    }
}
