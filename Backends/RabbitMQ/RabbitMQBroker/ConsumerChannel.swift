#if RabbitMQ
    import CRabbitMQ
    import EventLoop
    import Messaging

    /// The channel of one consumer: opened, and opened again after every outage; what comes by it goes into the consumer's
    /// window, what is settled goes out by it.
    actor ConsumerChannel {
        /// What a consumer consumes from, once it is there.
        struct Source: Sendable {
            var feeds: [Feed]
            /// Requests of this channel that come before.
            var preparing: [Request] = []
            /// Whether what came before is lost with the connection: a gap.
            var isTransient = false
            /// The topic is each message's own.
            var isPattern = false
            /// The streams that it receives from, whichever are declared.
            var streams: Streams?
            /// Whether it ends at the end as it is when it begins.
            var isUntilEnd = false
        }

        /// A group of every declared stream that a pattern selects.
        struct Streams: Sendable {
            let pattern: TopicPattern
            let group: GroupName
        }

        /// A queue to consume from.
        struct Feed: Sendable {
            /// Its name; empty for the one that was made last on the channel.
            let queue: String
            /// What is consumed first, where it is there.
            var past: String?
            var destination: Destination?
            var group: GroupName?
            var filter: HeaderFilter?
            /// Whether this process has declared the group, and so knows its filter.
            var isDeclared = true
            /// One consumer at a time receives.
            var isOrdered = false
        }

        /// What is consumed by one tag.
        private struct Tap: Sendable {
            enum Role: Sendable {
                case messages
                /// Questions to the members of a group.
                case members
                /// Answers to what this consumer has asked.
                case answers
            }

            let tag: String
            let feed: Feed
            let queue: String
            var role = Role.messages
        }

        nonisolated let loop: EventLoop
        nonisolated var unownedExecutor: UnownedSerialExecutor { loop.asUnownedSerialExecutor() }
        private let source: Source
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
        private var prefetch: Prefetch
        private var taps: [Tap] = []
        private var tagCount = 0
        /// How many messages each queue is asked for at a time.
        private var share = 1
        private var asked: Prefetch.Change?
        private var isLive = false
        private var isOver = false
        private var reopening: Task<Void, Never>?
        private var leaving: Task<Void, Never>?
        private var adapting: Task<Void, Never>?
        private var following: Task<Void, Never>?
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
        private var holding: Task<Void, Never>?

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
            acks = AckWindow()
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
        private func consume(
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

        // MARK: the pasts of groups

        var pasts: [Feed] {
            taps.filter { tap in
                tap.role == .messages && tap.queue != tap.feed.queue && !taps.contains { $0.queue == tap.feed.queue }
            }.map(\.feed)
        }

        /// Goes on to a group's own queue once its past is read.
        private func followPasts() {
            let isNeeded = pasts.contains { !$0.isOrdered }
            guard isNeeded, following == nil, !isOver else { return }
            following = Task { [weak self] in
                while !Task.isCancelled {
                    do { try await SystemTime.shared.sleep(for: .milliseconds(50)) } catch { return }
                    guard let self, await self.goOnFromPasts() else { return }
                }
            }
        }

        /// Whether there is a past that is not read.
        private func goOnFromPasts() async -> Bool {
            for feed in pasts where !feed.isOrdered {
                guard let broker, let connection, isLive, !isOver else { return false }
                guard let past = feed.past, let group = feed.group, let destination = feed.destination else { continue }
                let ticket = StreamNames(destination.topic).ticket(group)
                do {
                    if try await broker.exists(.findQueue(ticket), over: connection) { continue }
                    if try await broker.perform([.findQueue(past)], over: connection)?.messages != 0 { continue }
                    if isLive, !isOver { try await consume(feed.queue, of: feed, share, over: connection) }
                } catch {
                    return false
                }
            }
            if pasts.contains(where: { !$0.isOrdered }) { return true }
            following = nil
            return false
        }

        /// The end of a past has come: of an ordered group, who has it, and nobody else, receives by its own queue.
        private func meetMarker(_ marker: String, _ deliver: ServerMethod.Deliver, _ head: ContentHead, _ tap: Tap?) {
            guard let core, let tap else { return }
            if marker.hasPrefix(EndMarker.prefix) {
                let other = String(marker.dropFirst(EndMarker.prefix.count))
                if other == member { return meetOwnEnd(deliver, head) }
                return meetEnd(of: other, deliver, head, isOrdered: tap.feed.isOrdered)
            }
            guard marker == PastTicket.end, tap.feed.isOrdered, tap.queue != tap.feed.queue, let connection else {
                return core.passOver(deliver.tag)
            }
            let isFirst = !taps.contains { $0.queue == tap.feed.queue }
            let epoch = core.epoch
            holding = Task { [weak self] in
                if isFirst { await self?.consumeOwn(of: tap.feed, over: connection) }
                // Held for too long it would end the channel.
                guard let broker = await self?.broker else { return }
                do {
                    try await broker.time.sleep(for: broker.configuration.consumerTimeout / 4)
                    try await broker.publishMarker(PastTicket.end, to: tap.queue)
                } catch { return }
                core.passOver(deliver.tag, of: epoch)
            }
        }

        private func consumeOwn(of feed: Feed, over connection: AMQPConnection) async {
            try? await consume(feed.queue, of: feed, share, over: connection)
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
            case .delivered(let deliver, let head, let body): arrive(deliver, head, body)
            case .cancelled(let consumer) where source.streams != nil:
                // One of several has been deleted.
                taps.removeAll { $0.tag == consumer }
            case .cancelled: lost(BrokerError(.notConnected, "\(label): the server has cancelled the consumer"))
            case .closed(let error): lost(error)
            case .returned, .confirmed, .refused: break
            }
        }

        private func arrive(_ deliver: ServerMethod.Deliver, _ head: ContentHead, _ body: Body) {
            lastTag = deliver.tag
            let tap = taps.count == 1 ? taps[0] : taps.first { $0.tag == deliver.consumer }
            if tap?.role == .members { return meetQuestion(deliver, head) }
            if tap?.role == .answers {
                core?.passOver(deliver.tag)
                return meetAnswer(head)
            }
            if let marker = head.marker { return meetMarker(marker, deliver, head, tap) }
            if let filter = tap?.feed.filter, !filter.matches(head.message.headers) {
                core?.passOver(deliver.tag, isFiltered: true)
                return
            }
            var message = head.message
            message.body = body
            let returns = head.returns ?? (deliver.isRedelivered ? 1 : 0)
            var tries = Tries(copies: head.copies, returns: returns, isCounted: head.returns != nil)
            if source.isTransient { tries = Tries() }
            let topic = source.isPattern ? tap?.feed.destination?.topic ?? Topic(unchecked: deliver.key) : nil
            guard let core else { return }
            let size = message.byteCount
            let isTaken = core.arrive(
                .init(
                    tag: deliver.tag, message: message, tries: tries, topic: topic, due: head.due,
                    keptUntil: head.keptUntil))
            if let change = prefetch.change(after: size, isTaken: isTaken) { adapt(change) }
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
            for frame in acks.frames(accepted: accepted, others: others) {
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
        }

        /// Nothing comes any more; what is held can be settled. In a queue that keeps order this consumer stays the active one: the
        /// next would be sent what is behind that.
        func stop() async {
            guard isLive, !keepsOrder, let connection else { return }
            isLive = false
            following?.cancel()
            // Members that hold something can still be asked.
            for tap in taps where tap.role == .messages {
                _ = try? await connection.call(.cancelConsumer(tap.tag), on: channel)
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
