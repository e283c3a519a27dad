#if RabbitMQ
    import CRabbitMQ
    import EventLoop
    import Messaging

    /// What an owner of a channel hears, on the connection's loop.
    enum ChannelEvent: Sendable {
        case delivered(ServerMethod.Deliver, ContentHead, Body)
        case returned(code: Int, text: String, key: String, ContentHead)
        case confirmed(tag: UInt64, multiple: Bool)
        case refused(tag: UInt64, multiple: Bool)
        case cancelled(consumer: String)
        /// The channel is gone: closed by the server, or with its connection. The last event.
        case closed(BrokerError)
    }

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
        /// A content on its way: its frames come one after the other on a channel.
        private struct Assembly {
            let method: ServerMethod
            var head: ContentHead?
            var bytes: [UInt8] = []
        }

        private struct Channel {
            var hear: (@Sendable (ChannelEvent) -> Void)?
            var waiting = RingBuffer<(answer: UInt32, waiter: Waiter<Result<ServerMethod.Answer, BrokerError>>)>()
            var content: Assembly?
            /// Nothing may be sent on it any more.
            var isClosing = false
        }

        nonisolated let loop: EventLoop
        nonisolated var unownedExecutor: UnownedSerialExecutor { loop.asUnownedSerialExecutor() }
        /// `host:port`, for sentences.
        nonisolated let peer: String
        private(set) var frameSize = 131_072
        private(set) var version = ""

        private let stream: ByteStream
        private let codec: RabbitMQHandle
        private let time: any TimeSource
        private let report: @Sendable (ConnectionEvent) -> Void
        private var channels: [Int: Channel] = [:]
        private var lastChannel = Publisher.channel
        private var channelLimit = 2_047
        private var handshake: Waiter<Result<ServerMethod, BrokerError>>?
        private var early: [ServerMethod] = []
        private var failure: BrokerError?
        private var hasHeard = false
        private var (lastHeard, lastSent, lastBeat) = (Duration.zero, Duration.zero, Duration.zero)
        private var pulse: LoopEvent?
        private var interval = Duration.zero

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

        // MARK: the handshake

        /// AMQP 0-9-1, §2.2.4: the header, start, tune, open. Throws `.unavailable`, `.unauthorized`, `.timeout`.
        func open(_ configuration: RabbitMQConfiguration, within limit: Duration) async throws(BrokerError) {
            lastHeard = time.coarseUptime
            let end = time.deadline(after: limit)
            listen()
            send([0x41, 0x4D, 0x51, 0x50, 0, 0, 9, 1])
            guard case .start(let mechanisms, let product) = try await next(until: end) else { throw unexpected() }
            version = product
            try answerStart(configuration, mechanisms)
            guard case .tune(let channels, let frames, let heartbeat) = try await next(until: end) else {
                throw unexpected()
            }
            try answerTune(configuration, channels, frames, heartbeat)
            guard case .answer(let answer) = try await next(until: end), answer.method == 0x000A_0029 else {
                throw unexpected()
            }
            beginHeartbeats()
        }

        private func listen() {
            stream.assumeIsolated { $0.listen { [weak self] signal in self?.assumeIsolated { $0.hear(signal) } } }
        }

        private func answerStart(_ configuration: RabbitMQConfiguration, _ mechanisms: String) throws(BrokerError) {
            let isExternal = configuration.saslMechanism == .external
            let name = isExternal ? "EXTERNAL" : "PLAIN"
            guard mechanisms.split(separator: " ").contains(Substring(name)) else {
                throw BrokerError(
                    .unauthorized,
                    "\(peer) does not know sasl-mechanism \(name), it knows \(mechanisms); choose another",
                    during: .connect)
            }
            var writer = FrameWriter()
            var fields = amqp_connection_start_ok_t()
            fields.client_properties = writer.arena.table([
                ("product", .text("swift-messaging-hub")), ("platform", .text("Swift")),
                ("connection_name", .text(loop.name)),
                (
                    "capabilities",
                    .table([
                        ("publisher_confirms", .flag(true)), ("consumer_cancel_notify", .flag(true)),
                        ("basic.nack", .flag(true)), ("connection.blocked", .flag(true)),
                        ("authentication_failure_close", .flag(true)),
                    ])
                ),
            ])
            fields.mechanism = writer.arena.bytes(name)
            fields.response = writer.arena.bytes(
                isExternal ? "" : "\0\(configuration.username)\0\(configuration.password)")
            fields.locale = writer.arena.bytes("en_US")
            guard writer.method(0x000A_000B, fields, on: 0) else { throw tooLong("username and password") }
            send(writer.take())
        }

        private func answerTune(
            _ configuration: RabbitMQConfiguration, _ channels: Int, _ frames: Int, _ heartbeat: Int
        ) throws(BrokerError) {
            if channels > 0 { channelLimit = min(channelLimit, channels) }
            if frames > 0 { frameSize = min(frameSize, max(4_096, frames)) }
            guard codec.expectFrames(ofAtMost: frameSize) else {
                throw BrokerError(.brokerFailure, "there is no memory for a connection to \(peer)", during: .connect)
            }
            let ours = Int(configuration.heartbeat.components.seconds)
            let seconds = heartbeat == 0 ? ours : min(ours, heartbeat)
            interval = .seconds(seconds)
            var writer = FrameWriter()
            let tune = amqp_connection_tune_ok_t(
                channel_max: UInt16(clamping: channelLimit), frame_max: UInt32(clamping: frameSize),
                heartbeat: UInt16(clamping: seconds))
            var open = amqp_connection_open_t()
            open.virtual_host = writer.arena.bytes(configuration.virtualHost)
            guard writer.method(0x000A_001F, tune, on: 0), writer.method(0x000A_0028, open, on: 0) else {
                throw tooLong("virtual-host")
            }
            send(writer.take())
        }

        private func tooLong(_ what: String) -> BrokerError {
            BrokerError(.invalidConfiguration, "\(what) is too long for AMQP; at most 255 bytes", during: .connect)
        }

        private func unexpected() -> BrokerError {
            failure
                ?? BrokerError(.unavailable, "\(peer) does not keep to the handshake of AMQP 0-9-1", during: .connect)
        }

        private func next(until end: Duration) async throws(BrokerError) -> ServerMethod {
            if !early.isEmpty { return early.removeFirst() }
            if let failure { throw failure }
            let waiter = Waiter<Result<ServerMethod, BrokerError>>()
            handshake = waiter
            switch await waiter.wait(until: end, on: time) {
            case .value(let result): return try result.get()
            case .timedOut:
                throw BrokerError(
                    .timeout, "\(peer) did not finish the handshake of AMQP in time; is it RabbitMQ?", during: .connect)
            case .cancelled: throw BrokerError(.cancelled, "the task that connected was cancelled", during: .connect)
            }
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
            channels[number] = Channel()
            channels[number]?.hear = hear
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
            channels[number, default: Channel()].waiting.append((request.answer, waiter))
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
            channels[number] = nil
        }

        /// Writes frames behind those that were written before.
        func send(_ bytes: [UInt8]) {
            bytes.withUnsafeBytes { _ = stream.appendHere($0) }
            lastSent = time.coarseUptime
        }

        /// How many bytes wait to be sent.
        private var unsent: Int { stream.assumeIsolated { $0.unsent } }

        /// For those who run on its loop: `send`, how many bytes wait to be sent, and whether it is there.
        nonisolated func sendHere(_ bytes: [UInt8]) { assumeIsolated { $0.send(bytes) } }
        nonisolated var unsentHere: Int { assumeIsolated { $0.unsent } }
        nonisolated var isOpenHere: Bool { assumeIsolated { $0.isOpen } }
        nonisolated var frameSizeHere: Int { assumeIsolated { $0.frameSize } }

        /// Says goodbye and ends, at most after `limit`.
        func close(within limit: Duration) async {
            if failure == nil, limit > .zero { _ = try? await call(.closeConnection, on: 0, within: limit) }
            end(BrokerError(.ended, "the connection to \(peer) is closed"))
        }

        // MARK: what comes

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
            case .head(let head):
                guard channels[number]?.content != nil else { break }
                if head.bodyCount == 0 { finish(number, head, []) } else { begin(number, head) }
            case .body(let piece): add(piece, to: number)
            case .heartbeat: break
            case .otherVersion(let version):
                end(BrokerError(.unavailable, "\(peer) speaks version \(version) of AMQP, not 0-9-1", during: .connect))
            }
            return failure == nil
        }

        private func begin(_ number: Int, _ head: ContentHead) {
            channels[number]?.content?.head = head
            channels[number]?.content?.bytes.reserveCapacity(min(head.bodyCount, 16 << 20))
        }

        private func add(_ piece: UnsafeRawBufferPointer, to number: Int) {
            guard let head = channels[number]?.content?.head else { return }
            let missing = head.bodyCount - (channels[number]?.content?.bytes.count ?? 0)
            channels[number]?.content?.bytes.append(contentsOf: UnsafeRawBufferPointer(rebasing: piece.prefix(missing)))
            if piece.count >= missing { finish(number, head, channels[number]?.content?.bytes ?? []) }
        }

        private func finish(_ number: Int, _ head: ContentHead, _ bytes: [UInt8]) {
            guard let method = channels[number]?.content?.method else { return }
            channels[number]?.content = nil
            let body = head.isNull ? Body.null : Body(bytes)
            switch method {
            case .deliver(let deliver): channels[number]?.hear?(.delivered(deliver, head, body))
            case .returned(let code, let text, _, let key):
                channels[number]?.hear?(.returned(code: code, text: text, key: key, head))
            default: break
            }
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
            case .deliver, .returned: channels[number]?.content = Assembly(method: method)
            case .confirmed(let tag, let multiple): channels[number]?.hear?(.confirmed(tag: tag, multiple: multiple))
            case .refused(let tag, let multiple): channels[number]?.hear?(.refused(tag: tag, multiple: multiple))
            case .cancelled(let consumer): channels[number]?.hear?(.cancelled(consumer: consumer))
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

        private func shake(_ method: ServerMethod) {
            if handshake?.resolve(.success(method)) == true { handshake = nil } else { early.append(method) }
        }

        private func endChannel(_ number: Int, _ error: BrokerError) {
            guard var channel = channels.removeValue(forKey: number) else { return }
            while let waiting = channel.waiting.popFirst() { waiting.waiter.resolve(.failure(error)) }
            channel.hear?(.closed(error))
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
        private func beginHeartbeats() {
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

    extension BrokerError {
        /// The reply codes of AMQP 0-9-1 (§1.3, and those that RabbitMQ adds) as this seam's codes.
        static func refusedByServer(code: Int, text: String) -> BrokerError {
            let meaning: Code =
                switch code {
                case 403: .unauthorized
                case 404: .noSuchDestination
                case 405, 406: .conflict
                case 311: .tooLarge
                case 312: .noSuchDestination
                case 320: .unavailable
                case 402, 503, 530: .invalidConfiguration
                case 540: .unsupported
                case 506: .resourceExhausted
                default: .brokerFailure
                }
            let words = text.unicodeScalars.prefix(400).map { $0.value < 0x20 ? " " : String($0) }.joined()
            return BrokerError(meaning, "RabbitMQ says: \(words)", nativeCode: code)
        }

        /// Why the server has ended a connection.
        static func closedByServer(code: Int, text: String, by peer: String) -> BrokerError {
            var error = refusedByServer(code: code, text: text)
            error.sentence = "\(peer) has ended the connection: \(error.sentence)"
            return error
        }
    }
#endif
