import Messaging

/// A broker whose publishes fail as a test says, and that remembers what it was asked.
final class FakeBroker: MessageBroker {
    let name: BrokerName = "fake"
    let type: BrokerType = "fake"
    let capabilities = BrokerCapabilities([.queue: [.serve: .native, .retry: .native]])
    let limits: BrokerLimits
    /// The bodies of each publish.
    let calls = Recorder<[String]>()
    /// The deadline of each publish.
    let deadlines = Recorder<Duration>()
    private let fail: @Sendable (_ call: Int, [Message]) -> PublishFailure?

    init(
        limits: BrokerLimits = BrokerLimits(),
        _ fail: @escaping @Sendable (Int, [Message]) -> PublishFailure? = { _, _ in nil }
    ) {
        self.limits = limits
        self.fail = fail
    }

    func connect(reporting: @escaping @Sendable (BrokerEvent) -> Void) async throws(BrokerError) {}
    func declare(_ declarations: [DestinationDeclaration]) async throws(BrokerError) {}

    func publish(
        _ messages: [Message], to destination: Destination, options: PublishOptions
    ) async throws(PublishFailure) -> PublishReceipt {
        deadlines.add(options.deadline)
        let call = calls.add(messages.map { $0.body.text ?? "" })
        if let failure = fail(call, messages) { throw failure }
        return PublishReceipt()
    }

    func publish(
        _ message: Message, to destination: Destination, options: PublishOptions
    ) async throws(PublishFailure) -> PublishReceipt {
        try await publish([message], to: destination, options: options)
    }

    func subscribe(_ subscription: Subscription) async throws(BrokerError) -> any MessageConsumer {
        throw BrokerError(.unsupported, "not here", during: .subscribe)
    }

    func health() async -> BrokerHealth { BrokerHealth(.connected) }
    func close(within grace: Duration) async {}

    /// A factory that hands out this broker.
    var factory: BrokerFactory {
        let profile = BrokerProfile(
            type: type, scheme: "fake", options: OptionGroup([]), capabilities: capabilities, limits: limits)
        return BrokerFactory(profile) { (_, _, _) throws(BrokerError) -> any MessageBroker in self }
    }
}
