#if RabbitMQ
    import CRabbitMQ
    import EventLoop
    import Messaging

    /// The handshake: AMQP 0-9-1, §2.2.4.
    extension AMQPConnection {
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

        func shake(_ method: ServerMethod) {
            if handshake?.resolve(.success(method)) == true { handshake = nil } else { early.append(method) }
        }
    }
#endif
