package import Messaging

/// Writes every call to a broker, and every answer, into a history, whoever makes it: a scenario, or a hub.
package final class RecordedBroker: BrokerDecorator {
    package let base: any MessageBroker
    /// Who it is in the history.
    package let who: String
    let history: History
    private let consumers = Lock(0)

    package init(_ base: any MessageBroker, as who: String, in history: History) {
        self.base = base
        self.who = who
        self.history = history
    }

    package var topology: (any TopologyAdministration)? {
        base.topology.map { RecordedTopology(base: $0, who: who, history: history) }
    }

    package var requests: (any Requesting)? {
        base.requests.map { RecordedRequests(base: $0, who: who, history: history) }
    }

    package func connect(reporting: @escaping @Sendable (BrokerEvent) -> Void) async throws(BrokerError) {
        try await base.connect { [history, who] event in
            history.add(who, .reported(event))
            reporting(event)
        }
    }

    package func declare(_ declarations: [DestinationDeclaration]) async throws(BrokerError) {
        try await base.declare(declarations)
        history.add(who, .declared(declarations))
    }

    package func publish(
        _ messages: [Message], to destination: Destination, options: PublishOptions
    ) async throws(PublishFailure) -> PublishReceipt {
        let call = begin(messages, destination)
        do throws(PublishFailure) {
            let receipt = try await base.publish(messages, to: destination, options: options)
            history.add(who, .published(call: call, messages.map(\.id), nil))
            return receipt
        } catch {
            history.add(who, .published(call: call, messages.map(\.id), error))
            throw error
        }
    }

    package func publish(
        _ message: Message, to destination: Destination, options: PublishOptions
    ) async throws(PublishFailure) -> PublishReceipt {
        let call = begin([message], destination)
        do throws(PublishFailure) {
            let receipt = try await base.publish(message, to: destination, options: options)
            history.add(who, .published(call: call, [message.id], nil))
            return receipt
        } catch {
            history.add(who, .published(call: call, [message.id], error))
            throw error
        }
    }

    private func begin(_ messages: [Message], _ destination: Destination) -> Int {
        let call = history.call()
        history.add(who, .publishes(call: call, to: destination, messages.map { Sent($0) }))
        return call
    }

    package func subscribe(_ subscription: Subscription) async throws(BrokerError) -> any MessageConsumer {
        try await record(subscription)
    }

    /// A consumer, with its name in the history.
    func record(_ subscription: Subscription) async throws(BrokerError) -> RecordedConsumer {
        let consumer = try await base.subscribe(subscription)
        let number = consumers.withLock { count in
            count += 1
            return count
        }
        let name = "\(who).c\(number)"
        history.add(name, .subscribed(subscription, by: who))
        return RecordedConsumer(consumer, as: name, in: history)
    }

    package func close(within grace: Duration) async {
        history.add(who, .leaves(.close, isDone: false))
        await base.close(within: grace)
        history.add(who, .leaves(.close, isDone: true))
    }
}

/// Writes purges and deletions into a history.
private struct RecordedTopology: TopologyAdministration {
    let base: any TopologyAdministration
    let who: String
    let history: History

    func depth(of destination: Destination, group: GroupName?) async throws(BrokerError) -> DestinationDepth {
        try await base.depth(of: destination, group: group)
    }

    func purge(_ destination: Destination) async throws(BrokerError) -> Int {
        history.add(who, .removes(destination, "purges"))
        defer { history.add(who, .removes(destination, "has purged")) }
        return try await base.purge(destination)
    }

    func delete(_ destination: Destination) async throws(BrokerError) {
        history.add(who, .removes(destination, "deletes"))
        defer { history.add(who, .removes(destination, "has deleted")) }
        try await base.delete(destination)
    }

    func delete(_ group: GroupName, of destination: Destination) async throws(BrokerError) {
        history.add(who, .removes(destination, "deletes group \(group) of"))
        defer { history.add(who, .removes(destination, "has deleted group \(group) of")) }
        try await base.delete(group, of: destination)
    }
}

/// Writes native requests into a history: publishes of which nobody says whether they arrived.
private struct RecordedRequests: Requesting {
    let base: any Requesting
    let who: String
    let history: History

    func request(
        _ message: Message, to destination: Destination, within wait: Duration
    ) async throws(BrokerError) -> Message {
        history.add(who, .publishes(call: history.call(), to: destination, [Sent(message)]))
        return try await base.request(message, to: destination, within: wait)
    }

    func reply(_ message: Message, to address: String, within wait: Duration) async throws(BrokerError) {
        try await base.reply(message, to: address, within: wait)
    }
}
