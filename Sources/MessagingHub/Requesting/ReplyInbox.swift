import Messaging
import MessagingReliability

/// The subscription of a hub to its reply topic on one broker.
struct ReplyInbox: Sendable {
    let topic: ReplyTopic
    let subscription: HubSubscription

    /// One that hands each reply to `receive`. What it counts and sees is not the program's.
    init(
        on broker: any MessageBroker, window: Int, _ environment: HubEnvironment, _ log: BufferedLog,
        _ receive: @escaping @Sendable (Message) -> Void
    ) {
        let topic = ReplyTopic()
        let source = Subscription(.pubSub(topic.topic), window: min(window, 1 << 16), windowBytes: 256 << 20)
        var unwatched = environment
        unwatched.door = nil
        let observer = HubObserver(
            of: topic.topic.name, kind: .pubSub, on: broker, group: nil, environment: unwatched, log: log)
        let destinations = DeliveryDestinations(
            pattern: "", topic: topic.topic, kind: .pubSub, broker: broker.name, table: RouteTable()
        ) { topic throws(BrokerError) in
            throw BrokerError(.noSuchDestination, "replies are not sent on, not to \(topic) either")
        }
        let runner = DeliveryRunner(
            .plain { receive($0.message) }, FailurePolicy(deadLetters: .dropped), timeout: nil,
            destinations: destinations, time: environment.time, counters: HubCounters(), observer: observer)
        self.topic = topic
        subscription = HubSubscription(
            source, on: broker, runner, workers: 1, .init(grace: .zero, environment))
    }

    /// Whether no reply comes in there any more.
    var hasEnded: Bool { if case .ended = subscription.state { true } else { false } }
}
