#if RabbitMQ
    import EventLoop
    public import Messaging

    /// RabbitMQ, 3.10 or later, by AMQP 0-9-1: one connection publishes and another receives, each on a thread of its own.
    ///
    /// A queue is a quorum queue of the topic's name, a classic one where priorities are asked for. What waits for a moment
    /// waits in a ladder of queues (`DelayLadder`).
    public final class RabbitMQBroker: MessageBroker {
        struct State: Sendable {
            enum Phase: Sendable { case fresh, up, down, closed }

            /// Which connections are there.
            struct Sides: OptionSet, Sendable {
                let rawValue: Int
                static let publishing = Sides(rawValue: 1)
                static let receiving = Sides(rawValue: 2)
                static let both: Sides = [.publishing, .receiving]
            }

            var phase = Phase.fresh
            var sides: Sides = []
            var reason: String?
            var isBlocked = false
            var declared: [Destination: DestinationDeclaration] = [:] { didSet { plans = [:] } }
            /// What was looked up to publish to.
            var plans: [Destination: PublishPlan] = [:]
            /// What is known to be there.
            var known: Set<String> = []
            var replies: ReplyChannel?
            /// Queues that somebody consumed from, and when that was seen.
            var heard: [String: Duration] = [:]
            var hasGround = false
            var ladder = 0
            /// Streams that something is made of.
            var locks: Set<String> = []
            var report: @Sendable (BrokerEvent) -> Void = { _ in }
        }

        /// The broker's name in the configuration.
        public let name: BrokerName
        /// `rabbitmq`.
        public let type = BrokerType.rabbitMQ
        /// What RabbitMQ can do.
        public let capabilities = BrokerProfile.rabbitMQ.capabilities
        /// What it can carry.
        public let limits: BrokerLimits
        let configuration: RabbitMQConfiguration
        let time: any TimeSource
        private let log: any LogSink
        let publishing: Link
        let receiving: Link
        let publisher: Publisher
        let consumers = ConsumerRegistry()
        let fills = PastTasks()
        let turns = DeclareTurns()
        let unseen = UnseenReturns()
        let state = Lock(State())

        /// A broker of this configuration. Nothing is connected yet, and no thread runs.
        public init(
            _ configuration: RabbitMQConfiguration = RabbitMQConfiguration(), name: BrokerName = "rabbitmq",
            in environment: BrokerEnvironment = BrokerEnvironment()
        ) {
            self.name = name
            self.configuration = configuration
            time = environment.time
            log = environment.log
            limits = BrokerProfile.rabbitMQ.limits.with { $0.maxHold = configuration.consumerTimeout }
            publishing = Link("\(name)-out", configuration, on: environment.time)
            receiving = Link("\(name)-in", configuration, on: environment.time)
            publisher = Publisher(on: publishing.loop, confirms: configuration.publisherConfirm)
        }

        deinit { for link in [publishing, receiving] { link.cut() } }

        /// Connects twice: to publish, and to receive. Throws `.unavailable`, `.unauthorized`, `.timeout`,
        /// `.invalidConfiguration` (a virtual host that is not there), and `.ended` after `close`.
        public func connect(reporting: @escaping @Sendable (BrokerEvent) -> Void) async throws(BrokerError) {
            let phase = state.withLock { state in
                if state.phase == .fresh { state.report = reporting }
                return state.phase
            }
            if phase == .closed { throw Self.closed.during(.connect) }
            guard phase == .fresh else { return }
            try await publishing.connect { [weak self] connection in
                await self?.restorePublishing(connection)
            } hearing: { [weak self] event in
                self?.heard(event)
            }
            try await receiving.connect { [weak self] connection in
                await self?.restoreReceiving(connection)
            } hearing: { [weak self] event in
                switch event {
                case .up: self?.rose(.receiving)
                case .down(let error): self?.fell(.receiving, error)
                case .blocked, .unblocked, .room: break
                }
            }
        }

        static let closed = BrokerError.ended(.closed, "this broker is closed; make a new one")

        // MARK: ups and downs

        private func restorePublishing(_ connection: AMQPConnection) async {
            await publisher.block(false)
            note(blocked: nil)
            do {
                try await publisher.prepare(connection)
            } catch {
                return await connection.end(error)
            }
            let declared = state.withLock { state in
                state.known = []
                (state.hasGround, state.ladder) = (false, 0)
                return Array(state.declared.values)
            }
            if !declared.isEmpty {
                do { try await make(declared, over: connection) } catch {
                    if await !connection.isOpen { return }
                    log.log(LogRecord(.error, "topology was not made again", [("error", error.sentence)], at: time.now))
                }
            }
            await publisher.begin(connection)
        }

        private func restoreReceiving(_ connection: AMQPConnection) async {
            for consumer in consumers.all { await consumer.restore(connection) }
        }

        /// One of the connections is there; the broker is up once both are.
        private func rose(_ side: State.Sides) {
            let report = state.withLock { state -> (@Sendable (BrokerEvent) -> Void)? in
                state.sides.insert(side)
                guard state.sides == .both, state.phase == .fresh || state.phase == .down else { return nil }
                state.phase = .up
                state.reason = nil
                return state.report
            }
            report?(.up)
        }

        private func fell(_ side: State.Sides, _ error: BrokerError) {
            let report = state.withLock { state -> (@Sendable (BrokerEvent) -> Void)? in
                state.sides.remove(side)
                guard state.phase == .up else { return nil }
                state.phase = .down
                state.reason = error.sentence
                return state.report
            }
            report?(.down(error))
        }

        private func heard(_ event: Link.Event) {
            switch event {
            case .up: rose(.publishing)
            case .down(let error):
                note(blocked: nil)
                fell(.publishing, error)
            case .blocked(let reason):
                publisher.assumeIsolated { $0.block(true) }
                note(blocked: reason)
            case .unblocked:
                publisher.assumeIsolated { $0.block(false) }
                note(blocked: nil)
            case .room: publisher.assumeIsolated { $0.goOn() }
            }
        }

        /// The server accepts nothing for now, for this reason; nil: it accepts. A change is reported once.
        private func note(blocked reason: String?) {
            let report = state.withLock { state -> (@Sendable (BrokerEvent) -> Void)? in
                if state.isBlocked == (reason != nil) { return nil }
                state.isBlocked = reason != nil
                return state.report
            }
            report?(reason.map { .blocked($0) } ?? .unblocked)
        }

        /// Refused before `connect` and after `close`.
        func requireConnected(during operation: BrokerError.Operation) throws(BrokerError) {
            switch state.withLock({ $0.phase }) {
            case .fresh:
                throw BrokerError(.notConnected, "this broker is not connected; call connect first", during: operation)
            case .closed: throw Self.closed.during(operation)
            case .up, .down: return
            }
        }

        // MARK: the rest of the seam

        /// Connected where both connections are, degraded where the server accepts nothing for now.
        public func health() async -> BrokerHealth {
            let (phase, reason, isBlocked) = state.withLock { ($0.phase, $0.reason, $0.isBlocked) }
            if phase == .fresh { return BrokerHealth(.disconnected, reason: "not connected yet") }
            if phase == .closed { return BrokerHealth(.closed) }
            var live: [BrokerHealth.SubscriptionHealth] = []
            for consumer in consumers.all {
                if let health = await consumer.health { live.append(health) }
            }
            if phase == .down {
                return BrokerHealth(.disconnected, consumers: live.count, subscriptions: live, reason: reason)
            }
            let trouble =
                isBlocked
                ? "the server accepts nothing for now" : consumers.hasFailed ? "a subscription has ended" : nil
            return BrokerHealth(
                trouble == nil ? .connected : .degraded, consumers: live.count, subscriptions: live, reason: trouble)
        }

        /// Waits for confirmations, sees every settlement written and seen by the server, and says goodbye.
        public func close(within grace: Duration) async {
            let wasOpen = state.withLock { state in
                defer { state.phase = .closed }
                return state.phase != .closed
            }
            guard wasOpen else { return }
            let end = time.deadline(after: grace)
            // Whoever waits for the server then is told that it is gone, and so nothing here takes longer.
            let alarm = time.alarm(at: end) { [publishing, receiving] in
                for link in [publishing, receiving] { link.cut() }
            }
            await fills.end()
            for consumer in consumers.all { await consumer.close(because: Self.closed) }
            await publisher.close(within: max(.zero, end - time.uptime), on: time)
            let rest = max(.zero, end - time.uptime)
            // What is not confirmed the server has read once it says goodbye, too.
            async let first: Void = publishing.close(
                within: configuration.publisherConfirm ? min(rest, .seconds(1)) : rest)
            async let second: Void = receiving.close(within: min(rest, .seconds(1)))
            _ = await (first, second)
            time.silence(alarm)
        }

        /// Depth, purge and delete.
        public var topology: (any TopologyAdministration)? { RabbitMQTopology(broker: self) }

        /// Requests whose replies come straight to who asked.
        public var requests: (any Requesting)? { RabbitMQRequests(broker: self) }

        /// What was confirmed is on a disk: queues are durable, and quorum queues are written before they confirm.
        public var durability: BrokerDurability? {
            BrokerDurability(until: .disk, "queues of RabbitMQ are durable")
        }
    }

    extension BrokerFactory {
        /// RabbitMQ by AMQP 0-9-1.
        public static let rabbitMQ = BrokerFactory(.rabbitMQ) {
            (name, values, environment) throws(BrokerError) -> any MessageBroker in
            RabbitMQBroker(RabbitMQConfiguration(values), name: name, in: environment)
        }
    }
#endif
