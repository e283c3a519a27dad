/// The two code tables of the wire, by one mapping: every code of ours has one code in each.
extension BrokerError {
    /// The code in a `MessageError` document: six values, exact on the wire.
    public enum MessageErrorCode: String, Hashable, Sendable, CaseIterable {
        /// A name, header, number or configuration was refused.
        case validation = "validation_error"
        /// A body could not be encoded or decoded.
        case serialization = "serialization_error"
        /// The broker, or the way to it.
        case transport = "transport_error"
        /// The time was up.
        case timeout = "timeout_error"
        /// A body is not what its hash says.
        case hashMismatch = "hash_mismatch"
        /// A body does not fit its schema.
        case schema = "schema_error"
    }

    /// The code of an operation's report: eight values, exact on the wire.
    public enum OperationCode: String, Hashable, Sendable, CaseIterable {
        /// The broker connection was lost or could not be made, or the broker failed while no message was concerned.
        case connectionFailed = "CONNECTION_FAILED"
        /// A publish failed.
        case publishFailed = "PUBLISH_FAILED"
        /// A subscription failed.
        case subscribeFailed = "SUBSCRIBE_FAILED"
        /// Receiving failed.
        case consumeFailed = "CONSUME_FAILED"
        /// A settlement failed.
        case ackFailed = "ACK_FAILED"
        /// The time was up.
        case timeout = "TIMEOUT"
        /// The configuration, a declaration, a permission or the call itself is wrong: no repetition helps.
        case invalidConfiguration = "INVALID_CONFIG"
        /// A body could not be encoded or decoded.
        case serialization = "SERIALIZATION_ERROR"

        /// The `retryable` flag of the table.
        public var isRetryable: Bool { self != .invalidConfiguration && self != .serialization }
    }

    /// The two codes of this error on the wire, for whoever writes such a report. The flag of the operation's code is
    /// always `isRetryable`: nobody is told to repeat what will fail again, or to give up what may yet succeed.
    public var reportCodes: (message: MessageErrorCode, operation: OperationCode) {
        switch code {
        case .serialization: (.serialization, .serialization)
        case .schema: (.schema, .serialization)
        case .hashMismatch: (.hashMismatch, .serialization)
        case .timeout: (.timeout, .timeout)
        case .notConnected, .unavailable: (.transport, .connectionFailed)
        case .invalidConfiguration, .conflict, .invalidArgument, .tooLarge, .expired, .unsupported:
            (.validation, .invalidConfiguration)
        default: (.transport, isRetryable ? ofOperation : .invalidConfiguration)
        }
    }

    private var ofOperation: OperationCode {
        switch operation {
        case .publish: .publishFailed
        case .subscribe: .subscribeFailed
        case .receive: .consumeFailed
        case .settle: .ackFailed
        case .connect, .declare, .other: .connectionFailed
        }
    }
}

/// As a `MessageError` document: `code`, `message`, `retryable`, and `details` unless there are none.
extension BrokerError: Encodable {
    private enum Key: String, CodingKey { case code, message, retryable, details }

    /// Writes the document; the flag is this error's own.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: Key.self)
        try container.encode(reportCodes.message.rawValue, forKey: .code)
        try container.encode(sentence, forKey: .message)
        try container.encode(isRetryable, forKey: .retryable)
        if !details.isEmpty { try container.encode(details, forKey: .details) }
    }
}
