package import Messaging

/// One process of a scenario: a broker whose calls are bounded and written into the history.
package final class Peer: Sendable {
    package let broker: any MessageBroker
    package let name: String
    private let process: LaunchedBroker
    private let time: any TimeSource
    private let patience: Duration
    private let history: History
    private let recorded: RecordedBroker
    /// Says in the result that it was not killed.
    private let isNotKilled: @Sendable () -> Void
    /// What it has reported by itself, in its order.
    package let events: Observed<[BrokerEvent]>

    init(_ process: LaunchedBroker, name: String, context: ScenarioContext) {
        self.process = process
        self.name = name
        recorded = RecordedBroker(process.broker, as: name, in: context.history)
        broker = recorded
        time = context.time
        patience = context.patience
        history = context.history
        let (remarked, lack) = (context.remarked, context.harness.lack(of: .kill))
        isNotKilled = {
            ScenarioContext.remark("not measured: a client's process that is killed, \(lack)", in: remarked)
        }
        events = Observed([], on: context.time)
    }

    /// Does a call in bounded time; a hang is named.
    private func call<Value: Sendable>(
        _ what: String, within limit: Duration? = nil, _ work: @escaping @Sendable () async throws -> Value
    ) async throws -> Value {
        try await time.bounded("\(name): \(what)", within: limit ?? patience, work)
    }

    package func connect() async throws {
        let (broker, events) = (broker, events)
        try await call("connect") { try await broker.connect { event in events.change { $0.append(event) } } }
    }

    package func declare(_ declarations: [DestinationDeclaration]) async throws {
        let broker = broker
        let names = declarations.map(\.destination.description).joined(separator: ", ")
        try await call("declare \(names)") { try await broker.declare(declarations) }
    }

    /// Publishes in one call. Throws `PublishFailure`.
    @discardableResult package func publish(
        _ messages: [Message], to place: Place, options: PublishOptions = PublishOptions()
    ) async throws -> PublishReceipt {
        try await published(messages, place, options) { [broker] in
            try await broker.publish(messages, to: place.destination, options: options)
        }
    }

    /// Publishes one message. Throws `PublishFailure`.
    @discardableResult package func publish(
        _ message: Message, to place: Place, options: PublishOptions = PublishOptions()
    ) async throws -> PublishReceipt {
        try await published([message], place, options) { [broker] in
            try await broker.publish(message, to: place.destination, options: options)
        }
    }

    private func published(
        _ messages: [Message], _ place: Place, _ options: PublishOptions,
        _ publish: @escaping @Sendable () async throws -> PublishReceipt
    ) async throws -> PublishReceipt {
        let limit = min(options.deadline, patience) + patience
        do {
            return try await call("publish of \(messages.count) to \(place.destination)", within: limit, publish)
        } catch let failure as PublishFailure {
            let strange = failure.outcomes.keys.filter { !messages.indices.contains($0) }.min()
            if strange == nil, !failure.outcomes.isEmpty { throw failure }
            let answer = strange.map { "message \($0), counted from 0" } ?? "none of them"
            throw ScenarioFailure(
                "publish of \(messages.count) failed for \(answer)", about: messages.map(\.id))
        }
    }

    /// Publishes in one call and gives the outcomes of those that were not confirmed.
    package func outcomes(
        of messages: [Message], to place: Place, options: PublishOptions = PublishOptions()
    ) async throws -> [Int: PublishFailure.Outcome] {
        do {
            try await publish(messages, to: place, options: options)
            return [:]
        } catch let failure as PublishFailure {
            return failure.outcomes
        }
    }

    /// Publishes one message by the call for one and gives its outcome at 0, unless it was confirmed.
    package func outcomes(ofOne message: Message, to place: Place) async throws -> [Int: PublishFailure.Outcome] {
        do {
            try await publish(message, to: place)
            return [:]
        } catch let failure as PublishFailure {
            return failure.outcomes
        }
    }

    /// A consumer of a place.
    package func subscribe(
        _ place: Place, window: Int = 256, _ edit: (inout Subscription) -> Void = { _ in }
    ) async throws -> Member {
        var subscription = Subscription(place.destination, group: place.group, window: window)
        edit(&subscription)
        let (recorded, asked) = (recorded, subscription)
        let consumer = try await call("subscribe to \(place)") { try await recorded.record(asked) }
        return Member(consumer, name: consumer.who, place: place, time: time, patience: patience)
    }

    /// Ends in order. Settled before it returns is settled for good.
    package func close(within grace: Duration = .seconds(5)) async {
        let broker = broker
        try? await call("close", within: grace + patience) { await broker.close(within: grace) }
    }

    /// Whether the harness can kill it.
    package var canBeKilled: Bool { process.kill != nil }

    /// Its link to the server; nil where the harness cannot disturb it.
    package var link: (any BrokerLink)? {
        process.link.map { RecordedLink(base: $0, who: "the link of \(name)", history: history) }
    }

    /// Ends it as SIGKILL would, or in order where the harness cannot, which the result then says.
    package func kill() async {
        history.fault(process.kill == nil ? "is closed, since it cannot be killed" : "is killed", of: name)
        defer { history.recovery("is gone", of: name) }
        if let kill = process.kill { return await kill() }
        isNotKilled()
        await close()
    }
}
