#if RabbitMQ
    import CRabbitMQ
    import EventLoop
    import Messaging

    /// Where a message goes on the server.
    struct PublishRoute: Hashable, Sendable {
        let exchange: String
        let key: String
        /// Whether it is an error that nobody takes it.
        let isMandatory: Bool
        /// The frame that begins a publish; nil where the names are too long.
        let frame: [UInt8]?

        init(exchange: String = "", key: String, isMandatory: Bool = true) {
            self.exchange = exchange
            self.key = key
            self.isMandatory = isMandatory
            frame = Self.frame(exchange, key, isMandatory, on: Publisher.channel)
        }

        /// The same on another channel than that of every publish.
        func frame(on channel: Int) -> [UInt8]? { Self.frame(exchange, key, isMandatory, on: channel) }

        private static func frame(
            _ exchange: String, _ key: String, _ isMandatory: Bool, on channel: Int
        ) -> [UInt8]? {
            var writer = FrameWriter()
            var publish = amqp_basic_publish_t()
            publish.exchange = writer.arena.bytes(exchange)
            publish.routing_key = writer.arena.bytes(key)
            publish.mandatory = isMandatory ? 1 : 0
            return writer.method(0x003C_0028, publish, on: channel) ? writer.take() : nil
        }
    }

    /// Messages of a call, encoded, that go out in one piece.
    struct PublishChunk: Sendable {
        let call: PublishCall
        let indices: Range<Int>
        let route: PublishRoute
        let bytes: [UInt8]
        /// The size of the frames that it was made for.
        let frameSize: Int

        init(_ call: PublishCall, _ indices: Range<Int>, over route: PublishRoute, _ writer: inout FrameWriter) {
            (self.call, self.indices, self.route) = (call, indices, route)
            frameSize = writer.frameSize
            bytes = writer.take()
        }

        /// What is sent where frames have at most this size: another server may allow less than the one that it was made for.
        /// Nil where headers do not fit.
        func bytes(inFramesOf size: Int) -> [UInt8]? {
            if size >= frameSize { return bytes }
            var writer = FrameWriter(frameSize: size)
            return writer.append(splitting: bytes) ? writer.take() : nil
        }
    }

    /// Publishes over one connection: calls are encoded where they are made, lined up here, sent together as long as the
    /// window has room, and answered as the server confirms them, refuses them or sends them back.
    ///
    /// What waits in line is bounded, and waits through outages until its call gives up.
    actor Publisher {
        /// The channel of every publish, so that frames can be made beforehand.
        static let channel = 1
        /// How many messages may be sent and not confirmed, and how many bytes may wait in line or on the socket.
        static let window = 4_096
        static let roomBytes = 4 << 20

        private struct Line: Sendable {
            var chunks = RingBuffer<PublishChunk>()
            var bytes = 0
            var isScheduled = false
            /// The size of frames of the last connection.
            var frameSize = 131_072
            var waiting: [Waiter<Void>] = []
            /// Why nothing is taken any more.
            var end: BrokerError?
        }

        nonisolated let loop: EventLoop
        nonisolated var unownedExecutor: UnownedSerialExecutor { loop.asUnownedSerialExecutor() }
        private nonisolated let line = Lock(Line())
        private let confirms: Bool
        private var connection: AMQPConnection?
        private var window = ConfirmWindow()
        private var isBlocked = false
        private var reopening: Task<Void, Never>?
        /// Who closes, and waits until everything is answered.
        private var closing: Waiter<Void>?

        init(on loop: EventLoop, confirms: Bool) {
            self.loop = loop
            self.confirms = confirms
        }

        // MARK: the way in

        /// What the frames of a chunk are made with.
        nonisolated func writer() -> FrameWriter { FrameWriter(frameSize: line.withLock { $0.frameSize }) }

        /// Puts a chunk in line, once there is room. Throws `.ended`, and `.timeout` or `.cancelled` of the wait.
        nonisolated func add(
            _ chunk: PublishChunk, until end: Duration, on time: any TimeSource
        ) async throws(BrokerError) {
            while true {
                let answer: Result<Waiter<Void>?, BrokerError> = line.withLock { line in
                    if let end = line.end { return .failure(end) }
                    if line.bytes > 0, line.bytes + chunk.bytes.count > Self.roomBytes {
                        let waiter = Waiter<Void>()
                        line.waiting.append(waiter)
                        return .success(waiter)
                    }
                    line.bytes += chunk.bytes.count
                    line.chunks.append(chunk)
                    return .success(nil)
                }
                guard let waiter = try answer.get() else { return schedule() }
                switch await waiter.wait(until: end, on: time) {
                case .value: continue
                case .timedOut:
                    throw BrokerError(.timeout, "there was no room to publish in time; the server is slow or away")
                case .cancelled: throw BrokerError(.cancelled, "the task that published was cancelled")
                }
            }
        }

        private nonisolated func schedule() {
            let isFirst = line.withLock { line in
                defer { line.isScheduled = true }
                return !line.isScheduled
            }
            if isFirst { loop.perform { [weak self] in self?.assumeIsolated { $0.run() } } }
        }

        // MARK: the way out

        private func run() {
            line.withLock { $0.isScheduled = false }
            send()
        }

        /// Sends what is in line as far as connection, window and socket allow.
        private func send() {
            defer { endClosing() }
            guard let connection, !isBlocked else { return }
            let frameSize = connection.frameSizeHere
            var freed = 0
            var pieces: [[UInt8]] = []
            var room = Self.roomBytes - connection.unsentHere
            while window.count < Self.window, room > 0 {
                guard let chunk = line.withLock({ $0.chunks.popFirst() }) else { break }
                freed += chunk.bytes.count
                guard let bytes = chunk.bytes(inFramesOf: frameSize) else {
                    for index in chunk.indices {
                        let id = chunk.call.messages[index].id
                        chunk.call.answer(index, .refused(.headersTooLarge(for: frameSize, of: id)))
                    }
                    continue
                }
                guard chunk.call.send(chunk.indices) else { continue }
                room -= bytes.count
                pieces.append(bytes)
                for index in chunk.indices {
                    if confirms {
                        window.append(.init(call: chunk.call, index: index, route: chunk.route))
                    } else {
                        chunk.call.answer(index, nil)
                    }
                }
            }
            if freed == 0 { return }
            // Where all of that goes at once nobody says that there is room.
            if connection.sendHere(pieces), room <= 0 { schedule() }
            makeRoom(freed)
        }

        private func makeRoom(_ bytes: Int) {
            let waiting = line.withLock { line in
                line.bytes -= bytes
                defer { line.waiting = [] }
                return line.waiting
            }
            for waiter in waiting { waiter.resolve(()) }
        }

        // MARK: what comes

        /// Opens the channel of a new connection. Nothing is sent before `begin`.
        func prepare(_ connection: AMQPConnection) async throws(BrokerError) {
            try await connection.openChannel(Self.channel) { [weak self] event in
                self?.assumeIsolated { $0.hear(event) }
            }
            if confirms { try await connection.call(.selectConfirms, on: Self.channel) }
        }

        /// Sends over this connection from now on.
        func begin(_ connection: AMQPConnection) {
            self.connection = connection
            line.withLock { $0.frameSize = connection.frameSizeHere }
            send()
        }

        /// The server accepts nothing for now, or accepts again.
        func block(_ isBlocked: Bool) {
            self.isBlocked = isBlocked
            send()
        }

        /// There is room on the socket again.
        func goOn() { send() }

        private func hear(_ event: ChannelEvent) {
            switch event {
            case .confirmed(let tag, let multiple):
                window.answer(tag, multiple: multiple) { entry in
                    entry.call?.answer(entry.index, entry.refusal.map { .refused($0) })
                }
                send()
            case .refused(let tag, let multiple):
                window.answer(tag, multiple: multiple) { entry in
                    let full = BrokerError(
                        .resourceExhausted, "\(entry.route.label) is full, or the server could not keep the message",
                        during: .publish)
                    entry.call?.answer(entry.index, .refused(entry.refusal ?? full))
                }
                send()
            case .returned(let returned, let head):
                let error = BrokerError(
                    .noSuchDestination,
                    "nothing on the server takes messages for \(returned.key.quoted); declare it first (\(returned.text))",
                    during: .publish, nativeCode: returned.code)
                window.sendBack(head.message.id, key: returned.key, because: error)
            case .closed(let error): lose(error)
            case .delivered, .cancelled: break
            }
        }

        /// The channel is gone: what was sent on it may have arrived. Where the server closed it because of an exchange, what
        /// was sent to that one has not.
        private func lose(_ error: BrokerError) {
            let broken = connection
            connection = nil
            for entry in window.removeAll() {
                let isGuilty =
                    error.nativeCode != nil && !entry.route.exchange.isEmpty
                    && error.sentence.contains("'\(entry.route.exchange)'")
                entry.call?.answer(
                    entry.index, isGuilty ? .refused(error.during(.publish)) : .unknown(error.during(.publish)))
            }
            endClosing()
            guard let broken else { return }
            reopening = Task { await self.reopen(broken) }
        }

        /// Opens the channel again where the connection is still there.
        private func reopen(_ broken: AMQPConnection) async {
            do {
                try await prepare(broken)
                if connection == nil { begin(broken) }
            } catch {
                // The connection is gone, or goes: the link makes another one.
                await broken.end(error)
            }
        }

        private var isIdle: Bool { window.count == 0 && line.withLock { $0.chunks.isEmpty } }

        /// Something was answered.
        private func endClosing() { if let closing, isIdle { closing.resolve(()) } }

        /// Waits until what is in line and on its way is answered, at most `grace`; then nothing is taken any more.
        func close(within grace: Duration, on time: any TimeSource) async {
            if !isIdle {
                let waiter = Waiter<Void>()
                closing = waiter
                let alarm = time.alarm(at: time.deadline(after: grace)) { waiter.expire() }
                _ = await waiter.waitUncancelled()
                time.silence(alarm)
            }
            let error = BrokerError.ended(.closed, "this broker is closed; make a new one")
            let (chunks, waiting) = line.withLock { line in
                line.end = error
                var chunks: [PublishChunk] = []
                while let chunk = line.chunks.popFirst() { chunks.append(chunk) }
                defer { line.waiting = [] }
                return (chunks, line.waiting)
            }
            for chunk in chunks { chunk.call.giveUp(because: error) }
            for entry in window.removeAll() { entry.call?.answer(entry.index, .unknown(error)) }
            for waiter in waiting { waiter.resolve(()) }
        }
    }

    extension BrokerError {
        /// The properties and headers of a message are one frame.
        static func headersTooLarge(for frameSize: Int, of id: MessageID) -> BrokerError {
            BrokerError(
                .tooLarge,
                "message \(id): its headers, or those of one published with it, take more than the \(frameSize) bytes of a frame; shorten them, or raise the "
                    + "server's frame_max", during: .publish)
        }
    }

    extension PublishRoute {
        /// For sentences.
        var label: String { exchange.isEmpty ? "queue \(key)" : "exchange \(exchange)" }
    }
#endif
