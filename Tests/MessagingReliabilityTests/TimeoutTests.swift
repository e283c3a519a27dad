import MessagingReliability
import Testing

@Suite struct TimeoutTests {
    private let timeout = Timeout(.seconds(5))

    @Test func aRunExpiresExactlyAtItsLimit() {
        let marks: [Duration?] = [.seconds(10), nil, .seconds(11), .seconds(3)]
        #expect(timeout.expired(marks, at: .milliseconds(14_999)) == [3])
        #expect(timeout.expired(marks, at: .seconds(15)) == [0, 3])
        #expect(timeout.expired(marks, at: .seconds(16)) == [0, 2, 3])
    }

    @Test func theWatchdogSleepsUntilTheNextRunExpires() {
        #expect(timeout.nextExpiry([.seconds(10), nil, .seconds(11)], after: .seconds(12)) == .seconds(15))
        #expect(timeout.nextExpiry([.seconds(10), nil, .seconds(11)], after: .seconds(15)) == .seconds(16))
        #expect(timeout.nextExpiry([nil, nil], after: .seconds(15)) == nil)
        #expect(timeout.nextExpiry([], after: .zero) == nil)
    }
}
