import Messaging
import Testing

@Suite struct BrokerCapabilitiesTests {
    private let capabilities = BrokerCapabilities([
        .queue: [.serve: .native, .delay: .emulated(cost: "one timer"), .filter: .refused(reason: "no groups")]
    ])

    @Test func nativeAndEmulatedAreServed() {
        #expect(capabilities.can(.serve, on: .queue))
        #expect(capabilities.can(.delay, on: .queue))
        #expect(!capabilities.can(.filter, on: .queue))
        #expect(capabilities[.queue, .delay] == .emulated(cost: "one timer"))
    }

    @Test func whatIsMissingIsRefusedWithAReason() {
        #expect(!capabilities.can(.replay, on: .queue))
        #expect(!capabilities.can(.serve, on: .stream))
        #expect(capabilities[.stream, .serve] == .refused(reason: "serve is not offered for a stream"))
    }

    @Test func defaultsPromiseNothing() {
        #expect(capabilities.crashCount == .none)
        #expect(!capabilities.releaseCounts)
        #expect(capabilities.priorityOrder == .strict)
    }
}
