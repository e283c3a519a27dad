#if RabbitMQ
    import CRabbitMQ
    import EventLoop
    import Messaging

    /// Request and reply by RabbitMQ's direct reply-to: the channel that asks also consumes `amq.rabbitmq.reply-to`, which the
    /// server turns into an address that nobody can guess.
    struct RabbitMQRequests: Requesting {
        let broker: RabbitMQBroker
        static let address = "amq.rabbitmq.reply-to"

        func request(
            _ message: Message, to destination: Destination, within wait: Duration
        ) async throws(BrokerError) -> Message {
            try broker.requireConnected(during: .publish)
            if destination.kind == .stream {
                throw BrokerError(.unsupported, "a request to \(destination) has no reply: every group would answer")
            }
            if let refusal = broker.limits.refusal(of: message, at: broker.time.now) { throw refusal.during(.publish) }
            let end = broker.time.deadline(after: wait)
            try await requireListener(destination)
            let channel = try await broker.replyChannel(until: end)
            let id = message.correlationID ?? message.id.description
            let waiter = try await channel.ask(message, id: id, over: try broker.route(to: destination))
            let outcome = await waiter.wait(until: end, on: broker.time)
            await channel.forget(id)
            switch outcome {
            case .value(let reply): return try reply.get()
            case .timedOut: throw BrokerError(.timeout, "no reply from \(destination) within \(wait)")
            case .cancelled: throw BrokerError(.cancelled, "the task that asked was cancelled")
            }
        }

        /// A queue keeps a request though nobody is there to answer it, so it is asked first; somebody who was there within
        /// the last second is taken to be there.
        private func requireListener(_ destination: Destination) async throws(BrokerError) {
            guard destination.kind == .queue else { return }
            let queue = broker.queueName(of: destination, group: nil)
            let now = broker.time.uptime
            if let seen = broker.state.withLock({ $0.heard[queue] }), now - seen < .seconds(1) { return }
            let answer = try await broker.perform([.findQueue(queue)], over: try await broker.admin())
            if answer?.consumers == 0 {
                throw BrokerError(
                    .unavailable, "nobody listens to \(destination); subscribe to it, or ask later", during: .publish)
            }
            broker.state.withLock { state in
                if state.heard.count >= 1_024 { state.heard = [:] }
                state.heard[queue] = now
            }
        }

        func reply(_ message: Message, to address: String, within wait: Duration) async throws(BrokerError) {
            if let refusal = broker.limits.refusal(of: message, at: broker.time.now) { throw refusal.during(.publish) }
            guard address.hasPrefix(Self.address + ".") else {
                throw BrokerError(.noSuchDestination, "\(address.quoted) is no address of RabbitMQ's", during: .publish)
            }
            do throws(PublishFailure) {
                try await broker.publish(message, over: PublishRoute(key: address), within: wait)
            } catch {
                var problem = error.first
                if problem.code == .noSuchDestination {
                    problem.sentence = "nobody waits for a reply at \(address.quoted); it came too late, or twice"
                }
                throw problem
            }
        }
    }

    /// The channel that asks and is answered, over one connection.
    actor ReplyChannel {
        nonisolated let loop: EventLoop
        nonisolated var unownedExecutor: UnownedSerialExecutor { loop.asUnownedSerialExecutor() }
        private let connection: AMQPConnection
        private var channel = 0
        private(set) var isOver = false
        private var waiting: [String: Waiter<Result<Message, BrokerError>>] = [:]

        init(_ connection: AMQPConnection) {
            self.connection = connection
            loop = connection.loop
        }

        func open() async throws(BrokerError) {
            channel = try await connection.openChannel { [weak self] event in
                self?.assumeIsolated { $0.hear(event) }
            }
            try await connection.call(
                .consume(RabbitMQRequests.address, as: "r", isAcknowledged: false), on: channel)
        }

        /// Publishes a request; what is returned is resolved by its reply, or because nobody takes it.
        func ask(
            _ message: Message, id: String, over route: PublishRoute
        ) throws(BrokerError) -> Waiter<Result<Message, BrokerError>> {
            if isOver { throw BrokerError(.notConnected, "the connection went before it was asked", during: .publish) }
            if waiting[id] != nil {
                throw BrokerError(
                    .invalidArgument, "a request with the correlation id \(id.quoted) waits already", during: .publish)
            }
            var message = message
            message.correlationID = id
            message.replyTo = RabbitMQRequests.address
            var writer = FrameWriter(frameSize: connection.frameSizeHere)
            guard let frame = route.frame(on: channel) else {
                throw BrokerError(.invalidArgument, "\(route.label) has a name that is too long", during: .publish)
            }
            writer.append(frame)
            let properties = writer.arena.properties(of: message, Posting(), at: .now)
            guard writer.content(properties, message.body, on: channel) else {
                throw BrokerError.headersTooLarge(for: writer.frameSize, of: message.id)
            }
            let waiter = Waiter<Result<Message, BrokerError>>()
            waiting[id] = waiter
            connection.sendHere(writer.take())
            return waiter
        }

        func forget(_ id: String) { waiting[id] = nil }

        private func hear(_ event: ChannelEvent) {
            switch event {
            case .delivered(let replies):
                for reply in replies {
                    let message = reply.head.message
                    if let id = message.correlationID { waiting.removeValue(forKey: id)?.resolve(.success(message)) }
                }
            case .returned(let returned, let head):
                let error = BrokerError(
                    .unavailable, "nobody listens to \(returned.key.quoted); subscribe to it, or ask later",
                    during: .publish)
                if let id = head.message.correlationID { waiting.removeValue(forKey: id)?.resolve(.failure(error)) }
            case .closed(let error):
                isOver = true
                for waiter in waiting.values { waiter.resolve(.failure(error)) }
                waiting = [:]
            case .confirmed, .refused, .cancelled: break
            }
        }
    }

    extension RabbitMQBroker {
        /// The channel that asks, opened with the first request over each connection.
        func replyChannel(until end: Duration) async throws(BrokerError) -> ReplyChannel {
            if let channel = state.withLock({ $0.replies }), await !channel.isOver { return channel }
            let channel = ReplyChannel(try await connection(of: publishing, within: max(.zero, end - time.uptime)))
            try await channel.open()
            state.withLock { $0.replies = channel }
            return channel
        }

        /// Where a request goes.
        func route(to destination: Destination) throws(BrokerError) -> PublishRoute {
            if let refusal = limits.refusal(of: destination.topic) { throw refusal }
            let name = destination.topic.name
            return destination.kind == .pubSub
                ? PublishRoute(exchange: pubSubExchange, key: name)
                : PublishRoute(exchange: configuration.exchange, key: name)
        }
    }
#endif
