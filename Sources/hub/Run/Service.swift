import Messaging
import MessagingHub

/// The hub as a service: what the subscriptions of a configuration say is done for each message.
struct Service: Sendable {
    /// How long a bridge waits, at first, before it tries its target again; it doubles.
    static let shortestPause = Duration.milliseconds(250)
    static let longestPause = Duration.seconds(15)

    private let configuration: HubConfiguration
    private let commands: [SubscriptionName: ChildCommand]
    private let log: any LogSink

    /// Throws a `ConfigurationError` where there is nothing to do, or a command is not there.
    init(_ configuration: HubConfiguration, file: String, path: String?, log: any LogSink) throws(ConfigurationError) {
        self.configuration = configuration
        self.log = log
        var problems: [ConfigurationProblem] = []
        if configuration.subscriptions.isEmpty {
            let sentence = "is not there, so there is nothing to run; give at least one, with to or command"
            problems.append(ConfigurationProblem(file: file, at: ConfigurationPath("subscriptions"), sentence))
        }
        var commands: [SubscriptionName: ChildCommand] = [:]
        for (name, subscription) in configuration.subscriptions.sorted(by: { $0.key.name < $1.key.name }) {
            guard case .run(let words) = subscription.action else { continue }
            do throws(BrokerError) { commands[name] = try ChildCommand(words, path: path) } catch {
                let place = ConfigurationPath("subscriptions", name.name, "command")
                problems.append(ConfigurationProblem(file: file, at: place, error.sentence))
            }
        }
        if !problems.isEmpty { throw ConfigurationError(problems) }
        self.commands = commands
    }

    /// Subscribes to everything.
    func begin(on hub: MessageHub) async throws {
        for (name, subscription) in configuration.subscriptions.sorted(by: { $0.key.name < $1.key.name }) {
            let (topic, group, limit) = (subscription.topic, subscription.group, subscription.concurrency)
            let filter = subscription.filter
            switch subscription.action {
            case .publish(let target) where isOneBroker(hub, topic, target):
                // One settlement: no crash between is a loss, and where the broker can do it at once no duplicate either.
                try await hub.subscribe(forwardingFrom: topic, group: group, concurrency: limit) { delivery in
                    if let filter, !filter.matches(delivery.message.headers) { return [] }
                    return [ForwardedMessage(delivery.message, to: target)]
                }
            case .publish(let target):
                let bridge = Bridge(name: name, target: target, log: log)
                try await hub.subscribe(to: topic, group: group, concurrency: limit) { delivery in
                    if let filter, !filter.matches(delivery.message.headers) { return }
                    try await bridge.carry(delivery.message, over: hub)
                }
            case .run:
                guard let command = commands[name] else { continue }
                try await hub.subscribe(to: topic, group: group, concurrency: limit) { delivery in
                    if let filter, !filter.matches(delivery.message.headers) { return }
                    try await Self.run(command, for: delivery, of: topic)
                }
            }
        }
    }

    private func isOneBroker(_ hub: MessageHub, _ topic: Topic, _ target: Topic) -> Bool {
        guard let source = hub.route(of: topic), let end = hub.route(of: target) else { return false }
        return source.broker == end.broker && source.fallback == nil && end.fallback == nil
    }

    private static func run(_ command: ChildCommand, for delivery: Delivery, of topic: Topic) async throws {
        let line = MessageRecord.line(
            delivery.message, topic: delivery.topic ?? topic, attempt: delivery.attempt, position: delivery.position)
        let variables = [
            "HUB_MESSAGE_ID": delivery.message.id.description, "HUB_TOPIC": (delivery.topic ?? topic).name,
            "HUB_ATTEMPT": String(delivery.attempt),
        ]
        switch try await command.run(line, variables) {
        case 0: return
        case ChildCommand.refusal: throw Reject("the command ended with status \(ChildCommand.refusal)")
        case let status where status < 0:
            throw ChildCommand.Failure(description: "the command was ended by signal \(-status)")
        case let status: throw ChildCommand.Failure(description: "the command ended with status \(status)")
        }
    }
}

/// A bridge between two brokers: publishes to the one, and then accepts from the other.
///
/// A target that is not there is no fault of the message: it is waited for, and no attempt is used up. What is held goes
/// back when its hold is over, or the hub ends.
final class Bridge: Sendable {
    private let name: SubscriptionName
    private let target: Topic
    private let log: any LogSink
    private let isWaiting = Lock(false)

    init(name: SubscriptionName, target: Topic, log: any LogSink) {
        self.name = name
        self.target = target
        self.log = log
    }

    /// Returns once the message is confirmed. Throws `Reject` for what the target refuses for good.
    func carry(_ message: Message, over hub: MessageHub) async throws {
        var pause = Service.shortestPause
        while true {
            switch await TopicTarget(hub: hub, topic: target).deliver([message]).first {
            case .received: return note(nil)
            case .refused(let error): throw Reject(error.sentence)
            case .unavailable(let error): note(error)
            case nil: break
            }
            try await Task.sleep(for: pause)
            pause = min(pause * 2, Service.longestPause)
        }
    }

    /// Logs that it waits, and that it goes on, once each.
    private func note(_ error: BrokerError?) {
        let hasChanged = isWaiting.withLock { isWaiting in
            defer { isWaiting = error != nil }
            return isWaiting != (error != nil)
        }
        guard hasChanged else { return }
        let facts = [(name: "hub.subscription", value: name.name), (name: "hub.target", value: target.name)]
        let text = error == nil ? "bridge goes on" : "bridge waits for its target"
        let why = error.map { [(name: "error", value: $0.description)] } ?? []
        log.log(LogRecord(error == nil ? .info : .warning, text, facts + why, at: .now))
    }
}
