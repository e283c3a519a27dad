import Messaging

extension HubConfiguration {
    /// What a broker refuses of what handlers send on to it from the others: a sentence for each of those that carry more.
    func bridging(to name: BrokerName, _ profiles: [BrokerProfile]) -> [String] {
        func known(_ broker: BrokerConfiguration) -> (BrokerProfile, BrokerLimits)? {
            profiles.first { $0.type == broker.type }.map { ($0, $0.limits(with: broker.options)) }
        }
        guard let target = brokers[name].flatMap(known) else { return [] }
        return brokers.filter { $0.key != name }.sorted { $0.key.name < $1.key.name }.compactMap { other, broker in
            guard let source = known(broker) else { return nil }
            let refused =
                target.0.capabilities.refusals(ofWhatHas: source.0.capabilities)
                + target.1.refusals(ofWhatHas: source.1)
            if refused.isEmpty { return nil }
            return "refuses of what is sent on from broker \(other): \(refused.joined(separator: ", "))"
        }
    }
}

extension BrokerCapabilities {
    /// What a message may have that another broker carries and this one does not, for the same kind.
    fileprivate func refusals(ofWhatHas other: BrokerCapabilities) -> [String] {
        let fields: [(Operation, String)] = [
            (.priority, "priorities"), (.delay, "delays"), (.expiration, "expirations"), (.nullBody, "null bodies"),
            (.binaryHeaders, "header values that are not text"),
        ]
        return fields.compactMap { operation, words in
            let kinds = DestinationKind.allCases.filter { kind in
                can(.serve, on: kind) && other.can(operation, on: kind) && !can(operation, on: kind)
            }
            return kinds.isEmpty ? nil : "\(words) (\(kinds.map(\.rawValue).joined(separator: ", ")))"
        }
    }
}

extension BrokerLimits {
    /// What a message may have within other limits and not within these.
    fileprivate func refusals(ofWhatHas other: BrokerLimits) -> [String] {
        var refused: [String] = []
        func add(_ path: KeyPath<BrokerLimits, Int>, _ words: (Int) -> String) {
            if self[keyPath: path] < other[keyPath: path] { refused.append(words(self[keyPath: path])) }
        }
        add(\.maximumBodyBytes) { "bodies over \($0) bytes" }
        add(\.maximumHeaders) { "more than \($0) headers" }
        add(\.maximumHeaderNameBytes) { "header names over \($0) bytes" }
        add(\.maximumHeaderValueBytes) { "header values over \($0) bytes" }
        add(\.maximumFieldBytes) { "keys and other fields over \($0) bytes" }
        if maximumPriority < other.maximumPriority { refused.append("priorities over \(maximumPriority)") }
        switch (headerGrammar, other.headerGrammar) {
        case (.text, .bytes): refused.append("header values that are not text")
        case (.line, .bytes), (.line, .text): refused.append("header values that are not one line of text")
        default: break
        }
        return refused
    }
}
