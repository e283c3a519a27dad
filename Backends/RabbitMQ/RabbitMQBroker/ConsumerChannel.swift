#if RabbitMQ
    import CRabbitMQ
    import EventLoop
    import Messaging

    /// The channel of one consumer: opened, and opened again after every outage; what comes by it goes into the consumer's
    /// window, what is settled goes out by it.
    actor ConsumerChannel {
        /// What a consumer consumes from, once it is there.
        struct Source: Sendable {
            /// Its name; empty for the one that was made last on the channel.
            let queue: String
            /// Requests of this channel that come before.
            var preparing: [Request] = []
            var arguments: [(String, WireValue)] = []
            /// Whether what came before is lost with the connection: a gap.
            var isTransient = false
            /// The topic is each message's own.
            var isPattern = false
        }

        nonisolated let loop: EventLoop
        nonisolated var unownedExecutor: UnownedSerialExecutor { loop.asUnownedSerialExecutor() }
        private let source: Source
        private let window: Prefetch
        private let label: String
        private let report: @Sendable (BrokerEvent) -> Void
        private weak var core: ConsumerCore?
        private weak var home: ConsumerRegistry?
        private var connection: AMQPConnection?
        private var channel = 0
        private var acks = AckWindow()
        private var prefetch: Prefetch
        private var tags: [String] = []
        private var asked: Prefetch.Change?
        private var isLive = false
        private var isOver = false
        private var reopening: Task<Void, Never>?
        private var leaving: Task<Void, Never>?
        private var adapting: Task<Void, Never>?

        init(
            _ source: Source, window: Prefetch, label: String, on loop: EventLoop, in home: ConsumerRegistry,
            reporting report: @escaping @Sendable (BrokerEvent) -> Void
        ) {
            self.source = source
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
            tags = []
            asked = nil
            try await consume(prefetch.first, over: connection)
            isLive = true
            if let asked { adapt(asked) }
        }

        /// Consumes once more by the same channel, so many messages at a time beside what there is.
        private func consume(_ count: Int, over connection: AMQPConnection) async throws(BrokerError) {
            let tag = "c\(tags.count)"
            tags.append(tag)
            try await connection.call(.limitConsumers(to: count), on: channel)
            try await connection.call(
                .consume(source.queue, as: tag, isAcknowledged: true, source.arguments), on: channel)
        }

        /// Does what the sizes of messages ask for: more at a time, or fewer.
        private func adapt(_ change: Prefetch.Change) {
            // The first deliveries come right behind the answer that begins it.
            if !isLive { asked = change }
            guard let connection, isLive, !isOver else { return }
            adapting = Task {
                do throws(BrokerError) {
                    switch change {
                    case .add(let count): try await self.consume(count, over: connection)
                    case .restart(let count):
                        let old = self.tags
                        // A queue of this consumer's alone goes with the last that consumes from it.
                        if self.source.isTransient { try await self.consume(count, over: connection) }
                        for tag in old { try await connection.call(.cancelConsumer(tag), on: self.channel) }
                        self.core?.giveBack()
                        if self.isLive, !self.source.isTransient { try await self.consume(count, over: connection) }
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
                state.end == nil ? .init(label: label, gaps: state.gaps) : nil
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
            case .cancelled: lost(BrokerError(.notConnected, "\(label): the server has cancelled the consumer"))
            case .closed(let error): lost(error)
            case .returned, .confirmed, .refused: break
            }
        }

        private func arrive(_ deliver: ServerMethod.Deliver, _ head: ContentHead, _ body: Body) {
            var message = head.message
            message.body = body
            let returns = head.returns ?? (deliver.isRedelivered ? 1 : 0)
            var tries = Tries(copies: head.copies, returns: returns, isCounted: head.returns != nil)
            if source.isTransient { tries = Tries() }
            let topic = source.isPattern ? Topic(unchecked: deliver.key) : nil
            guard let core else { return }
            let size = message.byteCount
            let isTaken = core.arrive(
                .init(tag: deliver.tag, message: message, tries: tries, topic: topic, due: head.due))
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
            for tag in tags { _ = try? await connection.call(.cancelConsumer(tag), on: channel) }
        }

        /// Closes the channel: what is not settled goes back, and what was settled has been seen by the server. Whatever was on
        /// its way comes before the answer, so that it is known to have gone back unseen.
        func leave() async {
            isOver = true
            reopening?.cancel()
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

    /// How many messages the server may send ahead, which counts them and not their bytes. A value.
    ///
    /// It begins with a few, and with as many as the window has once they have shown to be small enough. Where larger ones
    /// come later, what is too much goes back, and it begins again with as many as fit. A queue with one active consumer
    /// begins with the whole window: consuming once more would be another consumer.
    struct Prefetch: Sendable {
        enum Change: Sendable, Equatable {
            /// Consume once more, so many at a time.
            case add(Int)
            /// Consume anew, so many at a time.
            case restart(Int)
        }

        let count: Int
        let bytes: Int
        let isGrowing: Bool
        private var seen = 0
        private var largest = 1
        private var isWhole = false

        init(_ count: Int, bytes: Int, grows: Bool) {
            self.count = count
            self.bytes = bytes
            isGrowing = grows
            isWhole = !grows || count <= 16
        }

        /// How many to begin with.
        var first: Int { isGrowing ? min(count, 16) : count }

        /// What a delivery of this size asks for; one that did not fit any more begins again with fewer.
        mutating func change(after size: Int, isTaken: Bool) -> Change? {
            largest = max(largest, size)
            seen += 1
            if !isTaken {
                guard seen > 0 else { return nil }
                // Those that are on their way, too, go back, and ask for nothing more.
                seen = -65_536
                isWhole = true
                return .restart(max(1, min(count, bytes / largest)))
            }
            guard !isWhole, seen >= 16, largest <= bytes / count else { return nil }
            isWhole = true
            return .add(count - 16)
        }
    }

    /// The consumers of a broker: those that live, and those that have ended by themselves and that somebody still has.
    final class ConsumerRegistry: Sendable {
        private struct State: Sendable {
            var live: [ObjectIdentifier: ConsumerChannel] = [:]
            var failed: Set<ObjectIdentifier> = []
        }

        private let state = Lock(State())

        func add(_ channel: ConsumerChannel) { state.withLock { $0.live[ObjectIdentifier(channel)] = channel } }

        /// It was let go of, or ended because it was asked to.
        func forget(_ channel: ConsumerChannel) {
            state.withLock { state in
                state.live[ObjectIdentifier(channel)] = nil
                state.failed.remove(ObjectIdentifier(channel))
            }
        }

        /// It has ended by itself.
        func fail(_ channel: ConsumerChannel) {
            state.withLock { state in
                if state.live.removeValue(forKey: ObjectIdentifier(channel)) != nil {
                    state.failed.insert(ObjectIdentifier(channel))
                }
            }
        }

        var all: [ConsumerChannel] { state.withLock { Array($0.live.values) } }
        /// Whether one has ended by itself, and nobody has let go of it.
        var hasFailed: Bool { state.withLock { !$0.failed.isEmpty } }
    }
#endif
