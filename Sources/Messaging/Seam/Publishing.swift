/// How a publish is to be done. A trivial value.
public struct PublishOptions: Hashable, Sendable {
    /// How long the call may take in all: waiting for the connection, for room and for the confirmation. Default: 30 s.
    public var deadline: Duration
    /// Whether the receipt is to say where each message stands. Default: no.
    public var positions: Bool

    /// These options.
    @inlinable public init(deadline: Duration = .seconds(30), positions: Bool = false) {
        self.deadline = deadline
        self.positions = positions
    }
}

/// The broker has taken responsibility for every message of the call.
public struct PublishReceipt: Hashable, Sendable {
    /// Where each message stands, in the order of the call, if the options asked for it; else empty.
    public var positions: [Position]

    /// A receipt with these positions.
    @inlinable public init(positions: [Position] = []) { self.positions = positions }
}

/// At least one message of a publish was not confirmed.
public struct PublishFailure: Error, Hashable, Sendable, CustomStringConvertible {
    /// What became of a message that was not confirmed.
    public enum Outcome: Hashable, Sendable {
        /// It is not there and never will be, and this is why.
        case refused(BrokerError)
        /// It may be there: the connection went, the time was up or the caller was cancelled after it was sent.
        case unknown(BrokerError)

        /// Why it was not confirmed.
        public var error: BrokerError {
            switch self {
            case .refused(let error), .unknown(let error): error
            }
        }
    }

    /// The outcome of each message that was not confirmed, by its index in the call. The others were confirmed.
    public var outcomes: [Int: Outcome]
    /// How many messages the call had.
    public var count: Int

    /// A failure with these outcomes, of a call with `count` messages.
    public init(_ outcomes: [Int: Outcome], of count: Int) {
        self.outcomes = outcomes
        self.count = count
    }

    /// Every message of a call was refused for one reason.
    public static func refused(_ error: BrokerError, count: Int) -> PublishFailure {
        var outcomes: [Int: Outcome] = [:]
        for index in 0..<max(0, count) { outcomes[index] = .refused(error.during(.publish)) }
        return PublishFailure(outcomes, of: count)
    }

    /// This, as the answer of a broker that was given `count` messages. One that names none of them, or others, is not to
    /// be relied on: what it leaves out may be there or not.
    package func answering(_ count: Int) -> PublishFailure {
        let calls = 0..<max(0, count)
        let strange = outcomes.keys.filter { !calls.contains($0) }.min()
        if strange == nil, !outcomes.isEmpty || calls.isEmpty { return self }
        let named = strange.map { "message \($0)" } ?? "none of them"
        var error = BrokerError(
            .brokerFailure, "of \(count) messages the broker answered for \(named)", during: .publish)
        error.details["broker-answer"] = outcomes.isEmpty ? nil : "\(first)"
        var answered: [Int: Outcome] = [:]
        for index in calls { answered[index] = outcomes[index] ?? .unknown(error) }
        return PublishFailure(answered, of: count)
    }

    /// The error of the first message that was not confirmed.
    public var first: BrokerError {
        outcomes.min { $0.key < $1.key }?.value.error ?? BrokerError(.brokerFailure, "publish failed", during: .publish)
    }

    /// How many were not confirmed, and why the first one was not.
    public var description: String {
        let unknown = outcomes.values.count { if case .unknown = $0 { true } else { false } }
        let doubt = unknown == 0 ? "" : ", of \(unknown) it is not known whether they arrived"
        return "\(outcomes.count) of \(count) messages were not confirmed\(doubt): \(first)"
    }
}
