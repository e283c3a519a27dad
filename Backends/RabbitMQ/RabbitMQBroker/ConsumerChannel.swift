#if RabbitMQ
    import CRabbitMQ
    import EventLoop
    import Messaging

    /// The channel of one consumer: opened, and opened again after every outage; what comes by it goes into the consumer's
    /// window, what is settled goes out by it.
    actor ConsumerChannel {
        nonisolated let loop: EventLoop
        nonisolated var unownedExecutor: UnownedSerialExecutor { loop.asUnownedSerialExecutor() }
        let source: Source
        private(set) weak var broker: RabbitMQBroker?
        /// How long the server waits for a settlement.
        nonisolated let lease: Duration
        private let window: Prefetch
        let label: String
        private let report: @Sendable (BrokerEvent) -> Void
        private(set) weak var core: ConsumerCore?
        private weak var home: ConsumerRegistry?
        private(set) var connection: AMQPConnection?
        private var channel = 0
        private var acks = AckWindow()
        /// How many settlements were written that the queue is not known to have.
        private var writtenCount = 0
        /// Whether nothing is consumed any more by the tags of messages.
        private var isCancelled = false
        private var prefetch: Prefetch
        var taps: [Tap] = []
        private var tagCount = 0
        /// How many messages each queue is asked for at a time.
        var share = 1
        private var asked: Prefetch.Change?
        var isLive = false
        var isOver = false
        private var reopening: Task<Void, Never>?
        private var leaving: Task<Void, Never>?
        private var adapting: Task<Void, Never>?
        var following: Task<Void, Never>?
        /// What it is called where members of a group are asked.
        let member = MessageID().description
        var asking = Asking()
        /// The tag of what came behind the end that it looks for, on this channel.
        var endTag: UInt64?
        /// The tag of what came last.
        private(set) var lastTag: UInt64 = 0
        var answering: Task<Void, Never>?
        var handing: Task<Void, Never>?
        var searching: Task<Void, Never>?
        var holding: Task<Void, Never>?

        init(
            _ source: Source, of broker: RabbitMQBroker, window: Prefetch, label: String, on loop: EventLoop,
            in home: ConsumerRegistry,
            reporting report: @escaping @Sendable (BrokerEvent) -> Void
        ) {
            self.source = source
            self.broker = broker
            lease = broker.configuration.consumerTimeout
            self.window = window
            prefetch = window
            self.label = label
            self.loop = loop
            self.home = home
            self.report = report
        }

        /// Whether one consumer of its queue at a time is sent messages.
        nonisolated var keepsOrder: Bool { !window.isGrowing }

        func serve(_ core: ConsumerCore) { self.core = core }

        var hasEnded: Bool { isOver || core?.state.withLock { $0.end != nil } != false }

        /// Begins to consume over a connection; returns when the server sends. Throws what the server says.
        func begin(_ connection: AMQPConnection) async throws(BrokerError) {
            if isOver || core?.state.withLock({ $0.end != nil }) != false { return }
            (acks, writtenCount, isCancelled) = (AckWindow(), 0, false)
            let number = try await connection.openChannel { [weak self] event in
                self?.assumeIsolated { $0.hear(event) }
            }
            (self.connection, channel) = (connection, number)
            for request in source.preparing { try await connection.call(request, on: number) }
            prefetch = window
            (taps, tagCount, share) = ([], 0, prefetch.first)
            asked = nil
            following?.cancel()
            following = nil
            asking = Asking()
            for feed in try await feeds(over: connection) { try await tap(feed, over: connection) }
            isLive = true
            followPasts()
            if source.isUntilEnd, let feed = source.feeds.first {
                try await searchEnd(of: feed, replies: try await consumeAnswers(feed, over: connection))
            }
            if let asked { adapt(asked) }
        }

        /// What there is to consume from.
        private func feeds(over connection: AMQPConnection) async throws(BrokerError) -> [Feed] {
            guard let streams = source.streams, let broker else { return source.feeds }
            var feeds: [Feed] = []
            for feed in broker.feeds(of: streams)
            where try await broker.exists(.findQueue(feed.queue), over: connection) { feeds.append(feed) }
            return feeds
        }

        /// Consumes from a feed, from its past where it has one.
        private func tap(_ feed: Feed, over connection: AMQPConnection) async throws(BrokerError) {
            var (feed, queue) = (feed, feed.queue)
            if !feed.isDeclared, let broker, let group = feed.group, let destination = feed.destination {
                feed.filter = try await broker.filter(of: group, destination, over: connection)
            }
            if let past = feed.past, let destination = feed.destination, let group = feed.group, let broker,
                try await broker.exists(.findQueue(past), over: connection)
            {
                queue = past
                try await broker.completePast(of: group, destination, over: connection)
            }
            try await consume(queue, of: feed, share, over: connection)
            guard let group = feed.group, let destination = feed.destination else { return }
            let members = StreamNames(destination.topic).members(group)
            try await consume(members, of: feed, 1, as: .members, over: connection)
        }

        /// A queue of this consumer's alone, for answers; its name.
        private func consumeAnswers(_ feed: Feed, over connection: AMQPConnection) async throws(BrokerError) -> String {
            let queue = try await connection.call(.declareQueue("", isExclusive: true, []), on: channel).name
            try await consume(queue, of: feed, 64, as: .answers, over: connection)
            return queue
        }

        /// Consumes by a tag of its own, so many messages at a time.
        func consume(
            _ queue: String, of feed: Feed, _ count: Int, as role: Tap.Role = .messages,
            over connection: AMQPConnection
        ) async throws(BrokerError) {
            let tap = Tap(tag: "c\(tagCount)", feed: feed, queue: queue, role: role)
            tagCount += 1
            taps.append(tap)
            try await connection.call(.limitConsumers(to: count), on: channel)
            try await connection.call(.consume(queue, as: tap.tag, isAcknowledged: true), on: channel)
        }

        /// Declared streams have come that its pattern may select.
        func widen() async {
            guard let streams = source.streams, let broker, let connection, isLive, !isOver else { return }
            for feed in broker.feeds(of: streams) where !taps.contains(where: { $0.feed.queue == feed.queue }) {
                do {
                    guard try await broker.exists(.findQueue(feed.queue), over: connection) else { continue }
                    try await tap(feed, over: connection)
                } catch {
                    return
                }
            }
            followPasts()
        }

        /// Does what the sizes of messages ask for: more at a time, or fewer.
        private func adapt(_ change: Prefetch.Change) {
            // The first deliveries come right behind the answer that begins it.
            if !isLive { asked = change }
            guard let connection, isLive, !isOver else { return }
            adapting = Task {
                do throws(BrokerError) {
                    let old = self.taps.filter { $0.role == .messages }
                    switch change {
                    case .add(let count):
                        self.share += count
                        for tap in old { try await self.consume(tap.queue, of: tap.feed, count, over: connection) }
                    case .restart(let count):
                        self.share = count
                        // A queue of this consumer's alone goes with the last that consumes from it.
                        if self.source.isTransient, let tap = old.first {
                            try await self.consume(tap.queue, of: tap.feed, count, over: connection)
                        }
                        for tap in old { try await connection.call(.cancelConsumer(tap.tag), on: self.channel) }
                        self.core?.giveBack()
                        self.taps.removeAll { tap in old.contains { $0.tag == tap.tag } }
                        var queues: Set<String> = []
                        for tap in old
                        where self.isLive && !self.source.isTransient && queues.insert(tap.queue).inserted {
                            try await self.consume(tap.queue, of: tap.feed, count, over: connection)
                        }
                    }
                } catch {
                    // The channel is gone, and is opened again where it can be.
                }
            }
        }

        /// Begins again over a new connection. What the server refuses for good ends the consumer.
        func restore(_ connection: AMQPConnection) async {
            do {
                try await begin(connection)
                if source.isTransient, !hasEnded {
                    core?.countGap()
                    report(.gap(subscription: label, missed: nil))
                }
            } catch {
                fail(error, over: connection)
            }
        }

        /// What it has met; nil once it has ended.
        var health: BrokerHealth.SubscriptionHealth? {
            guard !isOver, let core else { return nil }
            return core.state.withLock { state in
                state.end == nil ? .init(label: label, filtered: state.filtered, gaps: state.gaps) : nil
            }
        }

        /// The broker closes: what was settled is written, what is held goes back.
        func close(because error: BrokerError) async {
            flush()
            core?.end(because: error, isGone: true)
            await leave()
        }

        private func hear(_ event: ChannelEvent) {
            switch event {
            case .delivered(let all): arrive(all)
            case .cancelled(let consumer) where source.streams != nil:
                // One of several has been deleted.
                taps.removeAll { $0.tag == consumer }
            case .cancelled: lost(BrokerError(.notConnected, "\(label): the server has cancelled the consumer"))
            case .closed(let error): lost(error)
            case .returned, .confirmed, .refused: break
            }
        }

        private func arrive(_ all: [Incoming]) {
            var arrived: [DeliveryWindow.Pending] = []
            arrived.reserveCapacity(all.count)
            var tap: Tap?
            for one in all {
                lastTag = one.deliver.tag
                if tap?.tag != one.deliver.consumer { tap = taps.first { $0.tag == one.deliver.consumer } }
                // What comes by a tag that is cancelled is a message like the others.
                if tap?.role ?? .messages == .messages, one.head.marker == nil {
                    if let filter = tap?.feed.filter, !filter.matches(one.head.message.headers) {
                        core?.passOver(lastTag, isFiltered: true)
                    } else {
                        arrived.append(pending(one))
                        if source.isPattern {
                            let topic = tap?.feed.destination?.topic ?? Topic(unchecked: one.deliver.key)
                            arrived[arrived.count - 1].topic = topic
                        }
                    }
                } else {
                    // What came before it is known of first.
                    handOver(&arrived)
                    meet(one, by: tap)
                }
            }
            handOver(&arrived)
        }

        private func pending(_ one: Incoming) -> DeliveryWindow.Pending {
            var pending = DeliveryWindow.Pending(one)
            if !source.isTransient {
                let returns = one.head.returns ?? (one.deliver.isRedelivered ? 1 : 0)
                pending.tries = Tries(copies: one.head.copies, returns: returns, isCounted: one.head.returns != nil)
            }
            return pending
        }

        /// What is no message.
        private func meet(_ one: Incoming, by tap: Tap?) {
            switch tap?.role {
            case .members: meetQuestion(one.deliver, one.head)
            case .answers:
                core?.passOver(one.deliver.tag)
                meetAnswer(one.head)
            case .messages, nil: if let marker = one.head.marker { meetMarker(marker, one.deliver, one.head, tap) }
            }
        }

        private func handOver(_ arrived: inout [DeliveryWindow.Pending]) {
            if arrived.isEmpty { return }
            let refused = core?.arrive(&arrived) ?? []
            for place in arrived.indices {
                let isTaken = refused.isEmpty || !refused.contains(place)
                if let change = prefetch.change(after: arrived[place].size, isTaken: isTaken) { adapt(change) }
            }
            arrived = []
        }

        /// The channel is gone though the connection may be there.
        private func lost(_ error: BrokerError) {
            let (connection, number, wasLive) = (connection, channel, isLive)
            (self.connection, isLive) = (nil, false)
            core?.lose()
            guard wasLive, !isOver, let connection else { return }
            reopening = Task {
                await connection.closeChannel(number)
                guard await connection.isOpen else { return }
                await self.restore(connection)
            }
        }

        private func fail(_ error: BrokerError, over connection: AMQPConnection) {
            isLive = false
            let number = channel
            switch error.code {
            case .noSuchDestination:
                finish(.ended(.deleted, "\(label) has been deleted"))
            case .unauthorized:
                finish(.ended(.unauthorized, "\(label): \(error.sentence)"))
            case .conflict, .unsupported, .invalidArgument:
                finish(.ended(.broker, "\(label): \(error.sentence)"))
            default:
                // The connection goes, or the server is busy: it is tried again while the connection is there.
                reopening = Task {
                    await connection.closeChannel(number)
                    try? await SystemTime.shared.sleep(for: .milliseconds(250))
                    guard await connection.isOpen, !Task.isCancelled else { return }
                    await self.restore(connection)
                }
            }
        }

        private func finish(_ error: BrokerError) {
            isOver = true
            core?.end(because: error, isGone: true)
            report(.ended(subscription: label, error))
            home?.fail(self)
        }

        // MARK: what goes out

        nonisolated func flushSoon() { loop.perform { [weak self] in self?.assumeIsolated { $0.flush() } } }

        /// Writes what was settled, in its order.
        func flush() {
            guard let core else { return }
            let (accepted, others) = core.takeSettled()
            guard let connection, !accepted.isEmpty || !others.isEmpty else { return }
            var writer = FrameWriter()
            let frames = acks.frames(accepted: accepted, others: others)
            for frame in frames {
                switch frame {
                case .accept(let tag, let multiple):
                    let ack = amqp_basic_ack_t(delivery_tag: tag, multiple: multiple ? 1 : 0)
                    _ = writer.method(0x003C_0050, ack, on: channel)
                case .giveBack(let tag):
                    let nack = amqp_basic_nack_t(delivery_tag: tag, multiple: 0, requeue: 1)
                    _ = writer.method(0x003C_0078, nack, on: channel)
                case .reject(let tag):
                    let nack = amqp_basic_nack_t(delivery_tag: tag, multiple: 0, requeue: 0)
                    _ = writer.method(0x003C_0078, nack, on: channel)
                }
            }
            connection.sendHere(writer.take())
            writtenCount += frames.count
        }

        /// Nothing comes any more; what is held can be settled. In a queue that keeps order this consumer stays the active one: the
        /// next would be sent what is behind that.
        func stop() async {
            guard isLive, !keepsOrder, let connection else { return }
            isLive = false
            following?.cancel()
            // Members that hold something can still be asked.
            await cancelTaps(over: connection)
        }

        private func cancelTaps(over connection: AMQPConnection) async {
            let (tags, number, written) = (taps.filter { $0.role == .messages }.map(\.tag), channel, writtenCount)
            isCancelled = true
            for tag in tags { _ = try? await connection.call(.cancelConsumer(tag), on: number) }
            writtenCount -= written
        }

        /// Waits until the queue itself has answered, behind whatever was settled: of a quorum queue, a channel sends 32
        /// settlements ahead, and what waits in it for their answers dies with it. Where one consumer at a time receives, it must
        /// not be cancelled while it holds something: the next would be sent what is behind that. One more there is sent nothing.
        private func awaitSettled(over connection: AMQPConnection) async {
            if writtenCount * max(1, taps.count) <= 16 || source.isTransient { return }
            if source.isShared, !isCancelled { return await cancelTaps(over: connection) }
            for (place, queue) in Set(taps.filter { $0.role == .messages }.map(\.queue)).enumerated() {
                let consume = Request.consume(queue, as: "last\(place)", isAcknowledged: true)
                _ = try? await connection.call([.limitConsumers(to: 1), consume], on: channel)
            }
        }

        /// Closes the channel: what is not settled goes back, and what was settled has been seen by the server. Whatever was on
        /// its way comes before the answer, so that it is known to have gone back unseen.
        func leave() async {
            isOver = true
            reopening?.cancel()
            following?.cancel()
            answering?.cancel()
            handing?.cancel()
            searching?.cancel()
            holding?.cancel()
            flush()
            let (connection, number) = (connection, channel)
            if let connection { await awaitSettled(over: connection) }
            (self.connection, isLive) = (nil, false)
            home?.forget(self)
            // What comes until then goes back, and nobody has seen it.
            await connection?.closeChannel(number, whileHearing: true)
        }

        /// The consumer has been let go of: its channel is closed.
        nonisolated func abandon(_ core: ConsumerCore) {
            loop.perform { [self] in
                self.assumeIsolated { channel in
                    channel.home?.forget(channel)
                    if channel.isOver { return }
                    channel.flush()
                    // What was settled is written first, while there is still somebody to ask.
                    channel.leaving = Task {
                        await channel.leave()
                        withExtendedLifetime(core) {}
                    }
                }
            }
        }
    }
#endif
