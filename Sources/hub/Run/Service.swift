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

    /// Subscribes to everything, each on its own, and returns once every subscription has ended; one that ends leaves the
    /// others alone.
    func run(on hub: MessageHub) async throws {
        let memory = configuration.brokers.filter { $0.value.type == .inMemory }.keys.map(\.name).sorted()
        if !memory.isEmpty {
            let facts = [(name: "hub.broker", value: memory.joined(separator: ", "))]
            log.log(LogRecord(.warning, "in memory of this process: no other one can publish to it", facts, at: .now))
        }
        let names = configuration.subscriptions.keys.map(\.name).sorted().joined(separator: ", ")
        log.log(LogRecord(.info, "running", [("hub.subscriptions", names)], at: .now))
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            for (name, subscription) in configuration.subscriptions {
                tasks.addTask {
                    let filtered = Count()
                    let made = try await subscribe(name, subscription, to: hub, filtered)
                    do { try await made.waitUntilEnded() } catch {
                        if Task.isCancelled { return }
                        log.log(
                            LogRecord(
                                .error, "subscription ended",
                                [("hub.subscription", name.name), ("error", "\(error)")], at: .now))
                    }
                }
            }
            try await tasks.waitForAll()
        }
    }

    /// How many messages no filter asked for: accepted, and told of at the end.
    private final class Count: Sendable {
        private let value = Lock(0)
        func add() { value.withLock { $0 += 1 } }
        var current: Int { value.withLock { $0 } }
    }

    private func subscribe(
        _ name: SubscriptionName, _ subscription: SubscriptionConfiguration, to hub: MessageHub, _ filtered: Count
    ) async throws -> HubSubscription {
        let (topic, group, limit) = (subscription.topic, subscription.group, subscription.concurrency)
        let isWanted: @Sendable (Message) -> Bool = { [filter = subscription.filter] message in
            guard let filter, !filter.matches(message.headers) else { return true }
            filtered.add()
            return false
        }
        switch subscription.action {
        case .publish(let target) where isOneStep(hub, topic, target):
            // One settlement: what is sent on and what is accepted are there together, or neither is.
            return try await hub.subscribe(forwardingFrom: topic, group: group, concurrency: limit) { delivery in
                isWanted(delivery.message) ? [ForwardedMessage(delivery.message, to: target)] : []
            }
        case .publish(let target):
            let waiting = Waiting(name, for: "its target", log, on: hub, topic)
            return try await hub.subscribe(to: topic, group: group, concurrency: limit) { delivery in
                if isWanted(delivery.message) { try await Self.carry(delivery.message, to: target, over: hub, waiting) }
            }
        case .run(let words):
            guard let command = commands[name] else {
                throw BrokerError(
                    .invalidConfiguration, "subscription \(name): there is no \(words.first ?? "command")")
            }
            let waiting = Waiting(name, for: "what its command needs", log, on: hub, topic)
            return try await hub.subscribe(to: topic, group: group, concurrency: limit) { delivery in
                if isWanted(delivery.message) { try await Self.run(command, for: delivery, of: topic, waiting) }
            }
        }
    }

    /// Whether a message can be sent on and accepted in one step: at one broker, which can do that.
    private func isOneStep(_ hub: MessageHub, _ topic: Topic, _ target: Topic) -> Bool {
        guard let source = hub.route(of: topic), let end = hub.route(of: target) else { return false }
        let isOneBroker = source.broker == end.broker && source.fallback == nil && end.fallback == nil
        return isOneBroker && hub.broker(source.broker)?.capabilities.can(.atomicForward, on: source.kind) == true
    }

    /// Publishes, and returns once the message is confirmed. A target that is not there is no fault of the message: it is
    /// waited for, and no attempt is used up. Throws `Reject` for what the target refuses for good.
    private static func carry(_ message: Message, to target: Topic, over hub: MessageHub, _ waiting: Waiting)
        async throws
    {
        try await waiting.through {
            switch await TopicTarget(hub: hub, topic: target).deliver([message]).first {
            case .received: return nil
            case .refused(let error): throw Reject(error.sentence)
            case .unavailable(let error): return error
            case nil: return BrokerError(.brokerFailure, "the broker gave no answer")
            }
        }
    }

    private static func run(
        _ command: ChildCommand, for delivery: Delivery, of topic: Topic, _ waiting: Waiting
    ) async throws {
        let line = MessageRecord.line(
            delivery.message, topic: delivery.topic ?? topic, attempt: delivery.attempt, position: delivery.position)
        let variables = [
            "HUB_MESSAGE_ID": delivery.message.id.description, "HUB_TOPIC": (delivery.topic ?? topic).name,
            "HUB_ATTEMPT": String(delivery.attempt),
        ]
        // That a program cannot be started is no fault of the message either.
        try await waiting.through {
            let status: Int32
            do { status = try await command.run(line, variables) } catch let error as ChildCommand.NotStarted {
                return error.reason
            }
            switch status {
            case 0: return nil
            case ChildCommand.refusal: throw Reject("the command ended with status \(ChildCommand.refusal)")
            case ..<0: throw ChildCommand.Failure(description: "the command was ended by signal \(-status)")
            default: throw ChildCommand.Failure(description: "the command ended with status \(status)")
            }
        }
    }
}
