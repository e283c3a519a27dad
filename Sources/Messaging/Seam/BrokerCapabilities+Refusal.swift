extension BrokerCapabilities {
    /// What a broker of these capabilities refuses of a declaration; nil when it can do all of it.
    package func refusal(of declaration: DestinationDeclaration) -> BrokerError? {
        let kind = declaration.destination.kind
        var needs: [Operation] = [.serve]
        if declaration.order != .none { needs.append(.order) }
        if declaration.maximumPriority > 0 { needs.append(.priority) }
        if declaration.longestDelay != nil, !can(.retry, on: kind) { needs.append(.delay) }
        if declaration.destination.kind == .queue, declaration.retention != nil { needs.append(.expiration) }
        if !declaration.bindings.isEmpty { needs.append(.bindings) }
        if declaration.groups.values.contains(where: { $0.filter != nil }) { needs.append(.filter) }
        if case .broker = declaration.deadLetters { needs.append(.brokerDeadLetters) }
        if declaration.maximumMessages != nil || declaration.maximumBytes != nil || declaration.whenFull == .refuse {
            needs.append(.bounded)
        }
        for need in needs {
            if case .refused(let reason) = self[kind, need] {
                return BrokerError(.unsupported, "\(declaration.destination) needs \(need.rawValue): \(reason)")
            }
        }
        guard declaration.order != .none else { return nil }
        let rival = declaration.maximumPriority > 0 ? "priorities" : declaration.longestDelay.map { _ in "delays" }
        return rival.map { rival in
            let sentence =
                "is to keep order and to have \(rival), by which one message overtakes another; drop one of them"
            return BrokerError(.unsupported, "\(declaration.destination) \(sentence)")
        }
    }

    /// What a broker of these capabilities refuses of a subscription; nil when it can do all of it.
    package func refusal(of subscription: Subscription) -> BrokerError? {
        var needs: [Operation] = [.serve]
        if case .pattern = subscription.source { needs.append(.pattern) }
        if subscription.until != nil { needs.append(.untilEnd) }
        for need in needs {
            if case .refused(let reason) = self[subscription.kind, need] {
                return BrokerError(.unsupported, "\(subscription.label) needs \(need.rawValue): \(reason)")
            }
        }
        return nil
    }

    /// What a broker of these capabilities refuses of a message for a destination; nil when it carries all of it. A delay that is over
    /// asks for nothing.
    package func refusal(of message: Message, to destination: Destination, at now: Timestamp) -> BrokerError? {
        var needs: [Operation] = []
        if message.body.isNull { needs.append(.nullBody) }
        if message.expiration != nil { needs.append(.expiration) }
        if message.isDelayed(at: now) { needs.append(.delay) }
        for need in needs {
            if case .refused(let reason) = self[destination.kind, need] {
                return BrokerError(
                    .unsupported, "message \(message.id) to \(destination) needs \(need.rawValue): \(reason)")
            }
        }
        return nil
    }

    /// These capabilities without what another broker refuses.
    package func limited(by other: BrokerCapabilities) -> BrokerCapabilities {
        var limited = self
        for kind in DestinationKind.allCases {
            for operation in Operation.allCases {
                if case .refused = other[kind, operation] {
                    limited.operations[kind]?[operation] = other[kind, operation]
                }
            }
        }
        return limited
    }
}

extension Message {
    /// Whether it is to be handed out only later.
    package func isDelayed(at now: Timestamp) -> Bool { notBefore.map { $0 > now } ?? false }
}
