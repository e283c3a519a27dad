extension DestinationDeclaration {
    /// What is wrong with it, whatever exists; nil: nothing.
    package var problem: BrokerError? {
        if destination.kind != .stream, !groups.isEmpty {
            return BrokerError(.invalidArgument, "\(destination) is given groups; only a stream has groups")
        }
        if let limit = maximumMessages, limit < 1 {
            return BrokerError(.invalidArgument, "\(destination): \(limit) messages is out of range; at least 1")
        }
        if let limit = maximumBytes, limit < 1 {
            return BrokerError(.invalidArgument, "\(destination): \(limit) bytes is out of range; at least 1")
        }
        return nil
    }

    /// How another declaration of what this one has made differs; nil: not at all. Groups and their starts aside, which are
    /// added.
    package func conflict(with asked: DestinationDeclaration) -> BrokerError? {
        func text<Value>(_ value: Value?) -> String { value.map { "\($0)" } ?? "not set" }
        let pairs: [(String, String, String)] = [
            ("order", order.rawValue, asked.order.rawValue),
            ("maximum priority", "\(maximumPriority)", "\(asked.maximumPriority)"),
            ("maximum messages", text(maximumMessages), text(asked.maximumMessages)),
            ("maximum bytes", text(maximumBytes), text(asked.maximumBytes)),
            ("retention", text(retention), text(asked.retention)),
            ("when full", whenFull.rawValue, asked.whenFull.rawValue),
            ("durable", "\(durable)", "\(asked.durable)"),
            ("dead letters", "\(deadLetters)", "\(asked.deadLetters)"),
            ("bindings", "\(bindings.map(\.text).sorted())", "\(asked.bindings.map(\.text).sorted())"),
        ]
        guard let (what, is_, wanted) = pairs.first(where: { $0.1 != $0.2 }) else { return nil }
        return BrokerError(
            .conflict,
            "\(destination) exists with \(what) \(is_), and \(wanted) is asked for; delete it, or declare it as it is")
    }
}
