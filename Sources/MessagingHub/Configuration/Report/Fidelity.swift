public import Messaging

/// What a message may have at one broker that another cannot carry.
public enum FidelityLoss: Hashable, Sendable {
    /// A priority.
    case priority
    /// A delay.
    case delay
    /// An expiration.
    case expiration
    /// A null body that stays apart from an empty one.
    case nullBody
    /// Header values that are not text.
    case binaryHeaders
    /// Header values of several lines.
    case headerLines
    /// Bodies of more bytes than this.
    case bodies(over: Int)
    /// More headers than this.
    case headers(over: Int)
    /// Header names of more bytes than this.
    case headerNames(over: Int)
    /// Header values of more bytes than this.
    case headerValues(over: Int)
    /// Keys, types and other short fields of more bytes than this.
    case fields(over: Int)
    /// Priorities higher than this.
    case priorities(over: UInt8)

    /// In words.
    public var words: String {
        switch self {
        case .priority: "priorities"
        case .delay: "delays"
        case .expiration: "expirations"
        case .nullBody: "null bodies"
        case .binaryHeaders: "header values that are not text"
        case .headerLines: "header values that are not one line of text"
        case .bodies(let limit): "bodies over \(limit) bytes"
        case .headers(let limit): "more than \(limit) headers"
        case .headerNames(let limit): "header names over \(limit) bytes"
        case .headerValues(let limit): "header values over \(limit) bytes"
        case .fields(let limit): "keys and other fields over \(limit) bytes"
        case .priorities(let limit): "priorities over \(limit)"
        }
    }
}

/// A broker, as far as it decides what a message may have.
public struct FidelitySide: Sendable {
    /// What it can do.
    public var capabilities: BrokerCapabilities
    /// What it can carry.
    public var limits: BrokerLimits

    /// A broker that can do this and carry that.
    public init(_ capabilities: BrokerCapabilities, _ limits: BrokerLimits) {
        self.capabilities = capabilities
        self.limits = limits
    }

    /// A type of broker at its best.
    public init(_ profile: BrokerProfile) { self.init(profile.capabilities, profile.limits) }

    /// What a message from a destination of this kind here may have that a destination of that kind cannot carry there.
    public func losses(
        from kind: DestinationKind, to other: FidelitySide, as target: DestinationKind
    ) -> [FidelityLoss] {
        let fields: [(BrokerCapabilities.Operation, FidelityLoss)] = [
            (.priority, .priority), (.delay, .delay), (.expiration, .expiration), (.nullBody, .nullBody),
            (.binaryHeaders, .binaryHeaders),
        ]
        let refused = fields.filter { operation, _ in
            capabilities.can(operation, on: kind) && !other.capabilities.can(operation, on: target)
        }.map(\.1)
        return refused + limits.losses(to: other.limits).filter { !refused.contains($0) }
    }

    /// The same of any kind that both serve, as itself.
    public func losses(to other: FidelitySide) -> [FidelityLoss] {
        let kinds = DestinationKind.allCases.filter {
            capabilities.can(.serve, on: $0) && other.capabilities.can(.serve, on: $0)
        }
        var found: [FidelityLoss] = []
        for loss in kinds.flatMap({ losses(from: $0, to: other, as: $0) }) where !found.contains(loss) {
            found.append(loss)
        }
        return found
    }
}

extension BrokerLimits {
    /// What a message may have within these limits and not within others.
    fileprivate func losses(to other: BrokerLimits) -> [FidelityLoss] {
        var found: [FidelityLoss] = []
        func add(_ path: KeyPath<BrokerLimits, Int>, _ loss: (Int) -> FidelityLoss) {
            if other[keyPath: path] < self[keyPath: path] { found.append(loss(other[keyPath: path])) }
        }
        add(\.maximumBodyBytes) { .bodies(over: $0) }
        add(\.maximumHeaders) { .headers(over: $0) }
        add(\.maximumHeaderNameBytes) { .headerNames(over: $0) }
        add(\.maximumHeaderValueBytes) { .headerValues(over: $0) }
        add(\.maximumFieldBytes) { .fields(over: $0) }
        if other.maximumPriority < maximumPriority { found.append(.priorities(over: other.maximumPriority)) }
        switch (headerGrammar, other.headerGrammar) {
        case (.bytes, .text): found.append(.binaryHeaders)
        case (.bytes, .line), (.text, .line): found.append(.headerLines)
        default: break
        }
        return found
    }
}
