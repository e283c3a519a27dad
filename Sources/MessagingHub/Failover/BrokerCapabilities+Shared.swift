import Messaging

extension BrokerCapabilities {
    /// What both brokers can do, and what may be said of a delivery of either: the weaker count, the weaker order.
    func shared(with other: BrokerCapabilities) -> BrokerCapabilities {
        var shared = self
        for kind in DestinationKind.allCases {
            for operation in Operation.allCases {
                guard case .refused = other[kind, operation] else { continue }
                shared.operations[kind]?[operation] = other[kind, operation]
            }
        }
        if crashCount != other.crashCount { shared.crashCount = .none }
        shared.releaseCounts = releaseCounts || other.releaseCounts
        if case .fair(let bound) = priorityOrder, case .fair(let otherBound) = other.priorityOrder {
            shared.priorityOrder = .fair(bound: max(bound, otherBound))
        } else {
            shared.priorityOrder = .strict
        }
        return shared
    }
}

extension BrokerLimits {
    /// What both brokers can carry.
    func shared(with other: BrokerLimits) -> BrokerLimits {
        var shared = self
        func least<Value: Comparable>(_ field: WritableKeyPath<BrokerLimits, Value>) {
            shared[keyPath: field] = min(self[keyPath: field], other[keyPath: field])
        }
        least(\.maximumBodyBytes)
        least(\.maximumHeaders)
        least(\.maximumHeaderNameBytes)
        least(\.maximumHeaderValueBytes)
        least(\.maximumTopicBytes)
        least(\.maximumPriority)
        least(\.maximumFieldBytes)
        least(\.maximumDelay)
        least(\.maximumRetention)
        least(\.maxHold)
        least(\.revokeGrace)
        shared.delayGranularity = max(delayGranularity, other.delayGranularity)
        shared.settleLag = max(settleLag, other.settleLag)
        for grammar in [HeaderGrammar.line, .text] where headerGrammar == grammar || other.headerGrammar == grammar {
            shared.headerGrammar = grammar
            break
        }
        if other.nameGrammar == .ascii { shared.nameGrammar = .ascii }
        return shared
    }
}
