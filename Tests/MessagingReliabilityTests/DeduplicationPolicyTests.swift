import MessagingReliability
import Testing

@Suite struct DeduplicationPolicyTests {
    @Test("Two renewals of three may be missed")
    func interval() {
        #expect(DeduplicationPolicy(lease: .seconds(60)).renewalInterval == .seconds(20))
        #expect(DeduplicationPolicy(lease: .milliseconds(1)).renewalInterval == .milliseconds(1))
        #expect(DeduplicationPolicy(lease: .zero).renewalInterval == .milliseconds(1))
    }

    @Test("A copy is looked at soon at first, then every second, and when the lease is over")
    func pauses() {
        let policy = DeduplicationPolicy()
        let pauses = (0..<7).map { policy.pause(leaseLeft: .seconds(60), looks: $0) }
        #expect(pauses == [50, 100, 200, 400, 800, 1000, 1000].map { .milliseconds($0) })
        #expect(policy.pause(leaseLeft: .milliseconds(20), looks: 9) == .milliseconds(20))
        #expect(policy.pause(leaseLeft: .zero, looks: .max) == .milliseconds(1))
        #expect(policy.pause(leaseLeft: .seconds(60), looks: .min) == .milliseconds(50))
    }
}
