#if RabbitMQ
    import CRabbitMQ
    import EventLoop
    import Messaging

    /// What the owner of a connection hears, on its loop.
    enum ConnectionEvent: Sendable {
        case blocked(String)
        case unblocked
        /// Half or more of what waited is sent.
        case room
        /// The last event.
        case closed(BrokerError)
    }

    /// One connection by AMQP 0-9-1, from its first byte to its last: handshake, channels, requests and their answers,
    /// contents put together, heartbeats. It connects once; `Link` keeps connecting.
    actor AMQPConnection {
        nonisolated let loop: EventLoop
        nonisolated var unownedExecutor: UnownedSerialExecutor { loop.asUnownedSerialExecutor() }
        /// `host:port`, for sentences.
        nonisolated let peer: String
        var frameSize = 131_072
        var version = ""

        private let stream: ByteStream
        let codec: RabbitMQHandle
        let time: any TimeSource
        private let report: @Sendable (ConnectionEvent) -> Void
        private var channels: [Int: AMQPChannel] = [:]
        /// The one that was heard last: frames come in runs.
        private var current: AMQPChannel?
        /// Those to which something was delivered in the piece that is read now.
        private var fresh: [AMQPChannel] = []
        private var lastChannel = Publisher.channel
        var channelLimit = 2_047
        var handshake: Waiter<Result<ServerMethod, BrokerError>>?
        var early: [ServerMethod] = []
        var failure: BrokerError?
        private var hasHeard = false
        var (lastHeard, lastSent, lastBeat) = (Duration.zero, Duration.zero, Duration.zero)
        private var pulse: LoopEvent?
        var interval = Duration.zero

        init(
            _ stream: ByteStream, _ codec: RabbitMQHandle, peer: String, on loop: EventLoop, time: any TimeSource,
            reporting report: @escaping @Sendable (ConnectionEvent) -> Void
        ) {
            self.stream = stream
            self.codec = codec
            self.peer = peer
            self.loop = loop
            self.time = time
            self.report = report
        }

        // MARK: channels and requests

        /// Whether it is there.
        var isOpen: Bool { failure == nil }

        /// Opens a channel whose events go to `hear`, of this number or of one that is free. Throws `.notConnected` and
        /// `.resourceExhausted`.
        @discardableResult func openChannel(
            _ number: Int? = nil, _ hear: @escaping @Sendable (ChannelEvent) -> Void = { _ in }
        ) async throws(BrokerError) -> Int {
            if let failure { throw failure }
            guard let number = number ?? freeChannel() else {
                throw BrokerError(
                    .resourceExhausted, "\(peer) allows \(channelLimit) channels a connection, and all are used")
            }
            let channel = AMQPChannel(number, hear)
            channels[number] = channel
            try await call(.openChannel, on: number)
            return number
        }

        private func freeChannel() -> Int? {
            if channels.count >= channelLimit { return nil }
            for _ in 0..<channelLimit {
                lastChannel = lastChannel % channelLimit + 1
                if lastChannel != Publisher.channel, channels[lastChannel] == nil { return lastChannel }
            }
            return nil
        }

        /// Sends a request and waits for its answer. Deaf to cancellation: what is asked for happens all the same. Throws what
        /// the server says, `.notConnected`, and `.timeout` after `limit`.
        @discardableResult func call(
            _ request: Request, on number: Int, within limit: Duration = .seconds(30)
        ) async throws(BrokerError) -> ServerMethod.Answer {
            try await answer(to: request, from: try ask(request, on: number), within: limit)
        }

        /// Sends requests one behind the other, each of which the server does where the one before it has succeeded, and waits
        /// for their answers; the last of them.
        @discardableResult func call(
            _ requests: [Request], on number: Int, within limit: Duration = .seconds(30)
        ) async throws(BrokerError) -> ServerMethod.Answer? {
            var asked: [(Request, Waiter<Result<ServerMethod.Answer, BrokerError>>)] = []
            for request in requests { asked.append((request, try ask(request, on: number))) }
            var last: ServerMethod.Answer?
            for (request, waiter) in asked { last = try await answer(to: request, from: waiter, within: limit) }
            return last
        }

        private func ask(
            _ request: Request, on number: Int
        ) throws(BrokerError) -> Waiter<Result<ServerMethod.Answer, BrokerError>> {
            if let failure { throw failure }
            let isThere = channels[number].map { !$0.isClosing || request.answer == Request.closeChannel.answer }
            guard isThere ?? (number == 0) else {
                throw BrokerError(.notConnected, "the channel for \(request.subject) is closed")
            }
            guard let frame = request.frame(on: number) else {
                throw BrokerError(.invalidArgument, "\(request.subject) cannot be written in AMQP; shorten its names")
            }
            let waiter = Waiter<Result<ServerMethod.Answer, BrokerError>>()
            let channel = channels[number] ?? AMQPChannel(number, nil)
            channels[number] = channel
            channel.waiting.append((request.answer, waiter))
            send(frame)
            return waiter
        }

        private func answer(
            to request: Request, from waiter: Waiter<Result<ServerMethod.Answer, BrokerError>>, within limit: Duration
        ) async throws(BrokerError) -> ServerMethod.Answer {
            let alarm = time.alarm(at: time.deadline(after: limit)) { waiter.expire() }
            defer { time.silence(alarm) }
            switch await waiter.waitUncancelled() {
            case .value(let result): return try result.get()
            case .timedOut, .cancelled:
                throw BrokerError(.timeout, "\(peer) did not answer a request for \(request.subject) within \(limit)")
            }
        }

        /// Closes a channel, whose owner hears nothing any more, or what still comes until it is closed.
        func closeChannel(_ number: Int, whileHearing isHeard: Bool = false) async {
            guard channels[number]?.isClosing == false else { return }
            channels[number]?.isClosing = true
            if !isHeard { channels[number]?.hear = nil }
            _ = try? await call(.closeChannel, on: number)
            forget(number)
        }

        @discardableResult private func forget(_ number: Int) -> AMQPChannel? {
            if current?.number == number { current = nil }
            return channels.removeValue(forKey: number)
        }

        private func channel(_ number: Int) -> AMQPChannel? {
            if let current, current.number == number { return current }
            current = channels[number]
            return current
        }

        /// Writes frames behind those that were written before.
        func send(_ bytes: [UInt8]) {
            bytes.withUnsafeBytes { _ = stream.appendHere($0) }
            flush()
        }

        /// Hands what was written to the system, as far as that takes it now; whether it has taken all.
        @discardableResult private func flush() -> Bool {
            lastSent = time.coarseUptime
            return stream.flushHere()
        }

        /// How many bytes wait to be sent.
        private var unsent: Int { stream.assumeIsolated { $0.unsent } }

        /// For those who run on its loop: `send`, how many bytes wait to be sent, and whether it is there.
        nonisolated func sendHere(_ bytes: [UInt8]) { assumeIsolated { $0.send(bytes) } }
        /// Several pieces, one behind the other; whether nothing is left to be sent.
        nonisolated func sendHere(_ pieces: [[UInt8]]) -> Bool {
            assumeIsolated { connection in
                for piece in pieces { piece.withUnsafeBytes { _ = connection.stream.appendHere($0) } }
                return connection.flush()
            }
        }
        nonisolated var unsentHere: Int { assumeIsolated { $0.unsent } }
        nonisolated var isOpenHere: Bool { assumeIsolated { $0.isOpen } }
        nonisolated var frameSizeHere: Int { assumeIsolated { $0.frameSize } }

        /// Says goodbye and ends, at most after `limit`.
        func close(within limit: Duration) async {
            if failure == nil, limit > .zero { _ = try? await call(.closeConnection, on: 0, within: limit) }
            end(BrokerError(.ended, "the connection to \(peer) is closed"))
        }

        // MARK: what comes

        func listen() {
            stream.assumeIsolated { $0.listen { [weak self] signal in self?.assumeIsolated { $0.hear(signal) } } }
        }

        private func hear(_ signal: ByteStream.Signal) {
            switch signal {
            case .bytes: read()
            case .room: report(.room)
            case .ended(let error):
                let why = error.map { $0.sentence } ?? "\(peer) has ended the connection"
                end(BrokerError(hasHeard ? .notConnected : .unavailable, why))
            }
        }

        private func read() {
            lastHeard = time.coarseUptime
            stream.consumeHere { take($0) }
            while let channel = fresh.popLast() { channel.handOver() }
        }

        private func take(_ bytes: UnsafeRawBufferPointer) -> Bool {
            if failure != nil { return false }
            if !hasHeard, let first = bytes.first {
                hasHeard = true
                if first != 1, first != UInt8(ascii: "A") {
                    let hint = first == 0x15 || first == 0x16 ? "it speaks TLS; set tls: true" : "it is not RabbitMQ"
                    end(BrokerError(.unavailable, "\(peer) does not speak AMQP 0-9-1: \(hint)", during: .connect))
                    return false
                }
            }
            if codec.decode(bytes, { take($1, on: $0) }) { return true }
            if failure == nil { end(BrokerError(.notConnected, "\(peer) has sent what is not AMQP 0-9-1")) }
            return false
        }

        private func take(_ frame: ServerFrame, on number: Int) -> Bool {
            switch frame {
            case .method(let method): take(method, on: number)
            case .delivery(let deliver): channel(number)?.begin(deliver)
            case .head(let properties, let count):
                if let channel = channel(number), channel.begin(properties, bodyCount: count) { fresh.append(channel) }
            case .body(let piece): if let channel = channel(number), channel.add(piece) { fresh.append(channel) }
            case .heartbeat: break
            case .otherVersion(let version):
                end(BrokerError(.unavailable, "\(peer) speaks version \(version) of AMQP, not 0-9-1", during: .connect))
            }
            return failure == nil
        }

        private func take(_ method: ServerMethod, on number: Int) {
            switch method {
            case .start, .tune: shake(method)
            case .closeConnection(let code, let text):
                var writer = FrameWriter()
                if writer.method(0x000A_0033, amqp_connection_close_ok_t(), on: 0) { send(writer.take()) }
                end(.closedByServer(code: code, text: text, by: peer))
            case .blocked(let reason): report(.blocked(reason))
            case .unblocked: report(.unblocked)
            case .closeChannel(let code, let text):
                var writer = FrameWriter()
                if writer.method(0x0014_0029, amqp_channel_close_ok_t(), on: number) { send(writer.take()) }
                endChannel(number, .refusedByServer(code: code, text: text))
            case .returned(let returned): channel(number)?.begin(returned)
            case .confirmed(let tag, let multiple): channel(number)?.tell(.confirmed(tag: tag, multiple: multiple))
            case .refused(let tag, let multiple): channel(number)?.tell(.refused(tag: tag, multiple: multiple))
            case .cancelled(let consumer): channel(number)?.tell(.cancelled(consumer: consumer))
            case .answer(let answer):
                if answer.method == 0x000A_0029 { return shake(method) }
                // Those that wait are answered in their order. The end of a channel can overtake the answer to a
                // basic.cancel of a quorum queue, which then never comes.
                while let first = channels[number]?.waiting.first {
                    let isMeant = first.answer == answer.method
                    guard isMeant || answer.method == 0x0014_0029 else { return }
                    _ = channels[number]?.waiting.popFirst()
                    first.waiter.resolve(
                        isMeant ? .success(answer) : .failure(BrokerError(.notConnected, "the channel was closed")))
                    if isMeant { return }
                }
            }
        }

        private func endChannel(_ number: Int, _ error: BrokerError) {
            guard let channel = forget(number) else { return }
            while let waiting = channel.waiting.popFirst() { waiting.waiter.resolve(.failure(error)) }
            channel.tell(.closed(error))
            channel.hear = nil
        }

        /// Ends the connection, once.
        func end(_ error: BrokerError) {
            guard failure == nil else { return }
            failure = error
            pulse?.cancel()
            pulse = nil
            handshake?.resolve(.failure(error))
            for number in channels.keys.sorted() { endChannel(number, error) }
            stream.assumeIsolated { $0.close() }
            report(.closed(error))
        }

        // MARK: heartbeats

        /// Four looks an interval: something is sent at least every half of it, and a server that has said nothing for one
        /// and three quarters of it, though it says something every half, is given up.
        func beginHeartbeats() {
            guard interval > .zero else { return }
            if lastBeat == .zero { lastBeat = time.coarseUptime }
            pulse = loop.timer(after: interval / 4) { [weak self] occasion in
                guard occasion == .time else { return }
                self?.assumeIsolated { $0.beat() }
            }
        }

        private func beat() {
            if failure != nil { return }
            let now = time.coarseUptime
            defer { lastBeat = now }
            // A look that comes late says nothing of the server: what it has sent may not be read yet.
            let isLate = now - lastBeat > interval / 2
            if !isLate, now - lastHeard > interval * 7 / 4 {
                return end(BrokerError(.notConnected, "\(peer) has been silent for two heartbeats of \(interval)"))
            }
            if now - lastSent >= interval * 2 / 5 {
                var writer = FrameWriter()
                writer.heartbeat()
                send(writer.take())
            }
            beginHeartbeats()
        }
    }
#endif
