import Messaging
import Testing

@Suite struct BrokerErrorTests {
    static let retryable: [BrokerError.Code] = [
        .notConnected, .unavailable, .timeout, .resourceExhausted, .brokerFailure, .circuitOpen,
    ]
    static let final: [BrokerError.Code] = [
        .cancelled, .ended, .noSuchDestination, .conflict, .invalidArgument, .invalidConfiguration, .tooLarge,
        .expired, .orderKept, .unauthorized, .unsupported, .fenced, .positionGone, .serialization, .schema,
        .hashMismatch,
    ]

    @Test func retryableCodesAreThoseThatPassByThemselves() {
        for code in Self.retryable { #expect(BrokerError(code, "x").isRetryable, "\(code)") }
        for code in Self.final { #expect(!BrokerError(code, "x").isRetryable, "\(code)") }
        #expect(Set((Self.retryable + Self.final).map(\.name)).count == 22)
    }

    @Test func newCodesBreakNoSwitch() {
        let code = BrokerError.Code("quotaOfOurs", isRetryable: true)
        #expect(BrokerError(code, "over quota").description == "quotaOfOurs: over quota")
    }

    @Test func descriptionHasCodeSentenceAndNativeCode() {
        let error = BrokerError(
            .tooLarge, "body of 11 bytes is over the limit of 10", during: .publish, nativeCode: 311)
        #expect(error.description == "tooLarge: body of 11 bytes is over the limit of 10 (native 311)")
        #expect(error.during(.settle).operation == .settle)
        #expect(error.during(.settle).sentence == error.sentence)
        #expect(BrokerError(.timeout, "x").operation == .other)
    }

    @Test(
        arguments: [
            .closed, .stopped, .cancelled, .reachedEnd, .deleted, .unauthorized, .broker,
        ] as [BrokerError.EndReason])
    func endsHaveAReason(reason: BrokerError.EndReason) {
        let error = BrokerError.ended(reason, "no more")
        #expect(error.code == .ended)
        #expect(error.endReason == reason)
        #expect(!error.isRetryable)
    }

    @Test func otherErrorsHaveNoEndReason() {
        #expect(BrokerError(.timeout, "x", details: ["reason": "closed"]).endReason == nil)
        #expect(BrokerError(.ended, "x").endReason == nil)
        #expect(BrokerError(.ended, "x", details: ["reason": "unheard of"]).endReason == nil)
    }
}
