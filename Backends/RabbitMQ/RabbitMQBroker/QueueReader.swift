#if RabbitMQ
    import CRabbitMQ
    import EventLoop
    import Messaging

    /// Reads a queue beside those who consume from it as subscribers. One caller at a time.
    ///
    /// A log, a queue of type `stream`, gives everybody everything: it is read from a place on, in its order, and keeps what
    /// is read; after an outage reading goes on behind what was given last. What comes of another queue is accepted one by
    /// one, and comes again when it is not.
    actor QueueReader {
        /// Where to begin.
        enum Start: Sendable {
            case first
            /// With what is appended from now on.
            case next
            case offset(UInt64)
            /// With what was appended in this second, or later: the server's clock has no finer hands.
            case second(UInt64)

            /// The offset, where it is one.
            var offset: UInt64? { if case .offset(let offset) = self { offset } else { nil } }

            fileprivate var argument: WireValue {
                switch self {
                case .first: .text("first")
                case .next: .text("next")
                case .offset(let offset): .integer(Int64(clamping: offset))
                case .second(let second): .moment(second)
                }
            }
        }

        /// What stands in a queue.
        struct Entry: Sendable {
            /// Where it stands in a log; in another queue, what it is accepted by.
            let offset: UInt64
            let message: Message
            /// The copies that retries have made, and when the last one is due.
            let copies: Int32
            let due: Timestamp?
            /// When it was published, where its publisher says so.
            let appended: Timestamp?
            /// What it marks, where it is no message.
            let marker: String?
        }

        /// How many entries the server may send ahead.
        private let window: Int

        nonisolated let loop: EventLoop
        nonisolated var unownedExecutor: UnownedSerialExecutor { loop.asUnownedSerialExecutor() }
        private let queue: String
        private let broker: RabbitMQBroker
        private let link: Link
        private var start: Start?
        private var connection: AMQPConnection?
        private var channel = 0
        private var ready = RingBuffer<(tag: UInt64, entry: Entry)>()
        private var waiter: Waiter<Void>?
        /// Why nothing comes any more, until it is opened again.
        private var failure: BrokerError?
        private var isOver = false
        /// How often it was opened.
        private(set) var openings = 0

        /// A reader of a log from a start on, or of another queue.
        init(_ queue: String, from start: Start?, of broker: RabbitMQBroker, window: Int = 64) {
            self.window = window
            self.queue = queue
            self.start = start
            self.broker = broker
            link = broker.receiving
            loop = link.loop
        }

        /// Returns when the server sends. Throws `.noSuchDestination` where there is no such queue.
        func open(
            over given: AMQPConnection? = nil, within limit: Duration = .seconds(10)
        ) async throws(BrokerError) {
            var made = given
            if made == nil { made = try await broker.connection(of: link, within: limit) }
            guard let connection = made else { return }
            failure = nil
            ready = RingBuffer()
            channel = try await connection.openChannel { [weak self] event in
                self?.assumeIsolated { $0.hear(event) }
            }
            self.connection = connection
            openings += 1
            if start == nil { waiting = try await connection.call(.findQueue(queue), on: channel).messages }
            try await connection.call(.limitConsumers(to: window), on: channel)
            try await connection.call(
                .consume(
                    queue, as: "reader", isAcknowledged: true, start.map { [("x-stream-offset", $0.argument)] } ?? []),
                on: channel)
        }

        /// How many messages the queue had, which is no log, when it was opened.
        private(set) var waiting = 0

        /// At most `limit` entries, once there is one; none only when the time is up. Throws `.noSuchDestination` when the queue
        /// is gone, `.ended` after `close`, `.cancelled`.
        func read(upTo limit: Int, until end: Duration) async throws(BrokerError) -> [Entry] {
            while true {
                if Task.isCancelled { throw BrokerError(.cancelled, "the task that received was cancelled") }
                if isOver { throw .ended(.cancelled, "this reader was cancelled") }
                if let failure {
                    try broker.requireConnected(during: .receive)
                    if failure.code == .noSuchDestination { throw failure }
                    if broker.time.uptime >= end { return [] }
                    if try await !reopened(until: end) { return [] }
                    continue
                }
                let entries = take(upTo: limit)
                if !entries.isEmpty { return entries }
                if broker.time.uptime >= end { return [] }
                let waiter = Waiter<Void>()
                self.waiter = waiter
                let outcome = await waiter.wait(until: end, on: broker.time)
                self.waiter = nil
                if case .cancelled = outcome {
                    throw BrokerError(.cancelled, "the task that received was cancelled")
                }
            }
        }

        /// The next entry, which stays the next; nil when the time is up.
        func peek(until end: Duration) async throws(BrokerError) -> Entry? {
            let entries = try await read(upTo: 0, until: end)
            return entries.first ?? ready.first?.entry
        }

        private func reopened(until end: Duration) async throws(BrokerError) -> Bool {
            do {
                try await open(within: max(.zero, end - broker.time.uptime))
                return true
            } catch {
                if error.code == .noSuchDestination || error.code == .ended || error.code == .cancelled { throw error }
                failure = error
                do { try await broker.time.sleep(for: .milliseconds(50)) } catch {
                    throw BrokerError(.cancelled, "the task that received was cancelled")
                }
                return broker.time.uptime < end
            }
        }

        /// Hands entries out; with a limit of 0, shows the first without.
        private func take(upTo limit: Int) -> [Entry] {
            if limit == 0 { return ready.first.map { [$0.entry] } ?? [] }
            var entries: [Entry] = []
            var last: UInt64?
            while entries.count < limit, let (tag, entry) = ready.popFirst() {
                entries.append(entry)
                guard start != nil else { continue }
                start = .offset(entry.offset + 1)
                last = tag
            }
            if let last { accept(last, all: true) }
            return entries
        }

        /// Accepts an entry of a queue that is no log.
        func accept(_ entry: Entry) { accept(entry.offset, all: false) }

        private func accept(_ tag: UInt64, all: Bool) {
            guard let connection else { return }
            var writer = FrameWriter()
            let ack = amqp_basic_ack_t(delivery_tag: tag, multiple: all ? 1 : 0)
            if writer.method(0x003C_0050, ack, on: channel) { connection.sendHere(writer.take()) }
        }

        private func hear(_ event: ChannelEvent) {
            switch event {
            case .delivered(let all): for incoming in all { arrive(incoming) }
            case .cancelled: failure = BrokerError(.noSuchDestination, "\(queue) was deleted")
            case .closed(let error): failure = error
            case .returned, .confirmed, .refused: return
            }
            waiter?.resolve(())
        }

        private func arrive(_ incoming: Incoming) {
            let (tag, head) = (incoming.deliver.tag, incoming.head)
            let offset = start == nil ? tag : head.offset ?? 0
            if case .offset(let next) = start, offset < next {
                // A chunk is sent from its beginning.
                return ready.isEmpty ? accept(tag, all: true) : ()
            }
            let entry = Entry(
                offset: offset, message: head.message, copies: head.copies, due: head.due, appended: head.appended,
                marker: head.marker)
            ready.append((tag, entry))
        }

        /// Nothing is read any more.
        func close() async {
            isOver = true
            waiter?.resolve(())
            let (connection, number) = (connection, channel)
            self.connection = nil
            await connection?.closeChannel(number)
        }
    }
#endif
