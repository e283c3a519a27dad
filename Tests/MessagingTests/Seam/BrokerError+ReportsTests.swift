import Foundation
import Messaging
import Testing

@Suite struct BrokerErrorReportsTests {
    private func json(_ error: BrokerError) throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys]
        return String(decoding: try encoder.encode(error), as: UTF8.self)
    }

    @Test("S1-57 a MessageError has code, message, retryable, and details unless there are none")
    func document() throws {
        let plain = BrokerError(.timeout, "no answer in 5 s", during: .publish)
        #expect(try json(plain) == #"{"code":"timeout_error","message":"no answer in 5 s","retryable":true}"#)
        let detailed = BrokerError(.schema, "no price", details: ["field": "price"])
        #expect(
            try json(detailed)
                == #"{"code":"schema_error","details":{"field":"price"},"message":"no price","retryable":false}"#)
    }

    @Test(
        "S1-58 six codes have these raw values and are reached",
        arguments: [
            (BrokerError.Code.invalidArgument, "validation_error"), (.serialization, "serialization_error"),
            (.unavailable, "transport_error"), (.timeout, "timeout_error"), (.hashMismatch, "hash_mismatch"),
            (.schema, "schema_error"),
        ])
    func messageCodes(code: BrokerError.Code, raw: String) {
        #expect(BrokerError(code, "x", during: .publish).reportCodes.message.rawValue == raw)
        #expect(BrokerError.MessageErrorCode.allCases.count == 6)
    }

    @Test("S3-58 CONNECTION_FAILED is retryable")
    func connectionFailed() { check(.unavailable, .connect, "CONNECTION_FAILED", retryable: true) }

    @Test("S3-59 PUBLISH_FAILED is retryable")
    func publishFailed() { check(.brokerFailure, .publish, "PUBLISH_FAILED", retryable: true) }

    @Test("S3-60 SUBSCRIBE_FAILED is retryable")
    func subscribeFailed() { check(.brokerFailure, .subscribe, "SUBSCRIBE_FAILED", retryable: true) }

    @Test("S3-61 CONSUME_FAILED is retryable")
    func consumeFailed() { check(.brokerFailure, .receive, "CONSUME_FAILED", retryable: true) }

    @Test("S3-62 ACK_FAILED is retryable")
    func ackFailed() { check(.brokerFailure, .settle, "ACK_FAILED", retryable: true) }

    @Test("S3-63 TIMEOUT is retryable")
    func timeout() { check(.timeout, .publish, "TIMEOUT", retryable: true) }

    @Test("S3-64 INVALID_CONFIG is not retryable")
    func invalidConfiguration() { check(.invalidConfiguration, .connect, "INVALID_CONFIG", retryable: false) }

    @Test("S3-65 SERIALIZATION_ERROR is not retryable")
    func serialization() { check(.serialization, .publish, "SERIALIZATION_ERROR", retryable: false) }

    private func check(
        _ code: BrokerError.Code, _ operation: BrokerError.Operation, _ raw: String, retryable: Bool,
        sourceLocation: SourceLocation = #_sourceLocation
    ) {
        let error = BrokerError(code, "x", during: operation)
        let reported = error.reportCodes.operation
        #expect(reported.rawValue == raw, sourceLocation: sourceLocation)
        #expect(reported.isRetryable == retryable, sourceLocation: sourceLocation)
        #expect(error.isRetryable == retryable, sourceLocation: sourceLocation)
    }

    @Test func theTableHasEightCodesOfWhichSixAreRetryable() {
        #expect(BrokerError.OperationCode.allCases.count == 8)
        #expect(BrokerError.OperationCode.allCases.filter(\.isRetryable).count == 6)
    }

    @Test("S3-58 a lost connection is CONNECTION_FAILED during every call", arguments: BrokerError.Operation.allCases)
    func lostConnection(operation: BrokerError.Operation) {
        check(.notConnected, operation, "CONNECTION_FAILED", retryable: true)
        check(.unavailable, operation, "CONNECTION_FAILED", retryable: true)
    }

    /// Whoever reads the report acts on the flag, and must come to what this process would do.
    @Test(arguments: BrokerError.Operation.allCases)
    func theFlagOfTheReportIsThatOfTheError(operation: BrokerError.Operation) {
        let codes = BrokerErrorTests.retryable + BrokerErrorTests.final
        let own = [BrokerError.Code("ours", isRetryable: true), BrokerError.Code("ours", isRetryable: false)]
        for code in codes + own {
            let error = BrokerError(code, "x", during: operation)
            #expect(error.reportCodes.operation.isRetryable == error.isRetryable, "\(code) during \(operation)")
        }
    }

    @Test func theOperationDecidesWhereTheCodeDoesNot() {
        let own = BrokerError.Code("ours", isRetryable: true)
        for code in [BrokerError.Code.resourceExhausted, .brokerFailure, own] {
            #expect(BrokerError(code, "x", during: .publish).reportCodes.operation == .publishFailed)
            #expect(BrokerError(code, "x", during: .subscribe).reportCodes.operation == .subscribeFailed)
            #expect(BrokerError(code, "x", during: .receive).reportCodes.operation == .consumeFailed)
            #expect(BrokerError(code, "x", during: .settle).reportCodes.operation == .ackFailed)
            #expect(BrokerError(code, "x", during: .declare).reportCodes.operation == .connectionFailed)
            #expect(BrokerError(code, "x").reportCodes.operation == .connectionFailed)
        }
        for code in [BrokerError.Code.noSuchDestination, .unauthorized, .invalidArgument, .conflict, .cancelled] {
            #expect(BrokerError(code, "x", during: .publish).reportCodes.operation == .invalidConfiguration)
            #expect(BrokerError(code, "x", during: .declare).reportCodes.operation == .invalidConfiguration)
        }
    }
}
