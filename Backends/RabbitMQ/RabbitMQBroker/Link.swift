#if RabbitMQ
    import EventLoop
    import Messaging

    /// One connection that is kept up: it is made in one round over the hosts, and made again, for ever, whenever it goes.
    /// Publishing has one and receiving another, so that neither waits behind the other.
    actor Link {
        /// What happens to a link, told on its loop.
        enum Event: Sendable {
            /// There is a connection, and what was there is restored.
            case up
            case down(BrokerError)
            case blocked(String)
            case unblocked
            case room
        }

        nonisolated let loop: EventLoop
        nonisolated var unownedExecutor: UnownedSerialExecutor { loop.asUnownedSerialExecutor() }

        private let configuration: RabbitMQConfiguration
        private let time: any TimeSource
        /// Called with each new connection before anybody else may use it: restores what was there.
        private var restore: @Sendable (AMQPConnection) async -> Void = { _ in }
        private var hear: @Sendable (Event) -> Void = { _ in }
        private(set) var connection: AMQPConnection?
        private var opening: AMQPConnection?
        private var reviver: Task<Void, Never>?
        private var isOver = false
        private var next = 0

        init(_ name: String, _ configuration: RabbitMQConfiguration, on time: any TimeSource) {
            loop = EventLoop(name)
            self.configuration = configuration
            self.time = time
        }

        /// The first connection: one round over the hosts, then throws what the last of them said.
        func connect(
            restoring restore: @escaping @Sendable (AMQPConnection) async -> Void,
            hearing hear: @escaping @Sendable (Event) -> Void
        ) async throws(BrokerError) {
            self.restore = restore
            self.hear = hear
            try await round()
        }

        private func round() async throws(BrokerError) {
            let endpoints = configuration.endpoints
            var failure = BrokerError(.invalidConfiguration, "hosts is empty; name a server", during: .connect)
            for _ in endpoints.indices {
                let endpoint = endpoints[next % endpoints.count]
                do {
                    try await open(endpoint)
                    return
                } catch {
                    failure = error.during(.connect)
                    if isOver || error.code == .cancelled { throw failure }
                    next += 1
                }
            }
            throw failure
        }

        private func open(_ endpoint: String) async throws(BrokerError) {
            let (host, port) = Self.parts(of: endpoint, port: configuration.port)
            let end = time.deadline(after: configuration.connectTimeout)
            let stream: ByteStream
            do throws(StreamError) {
                stream = try await ByteStream.connect(
                    to: host, port: port, tls: configuration.tls.stream, within: configuration.connectTimeout, on: loop)
            } catch {
                throw BrokerError(error)
            }
            guard let codec = RabbitMQHandle() else {
                throw BrokerError(.brokerFailure, "there is no memory for a connection to \(endpoint)")
            }
            let connection = AMQPConnection(stream, codec, peer: "\(host):\(port)", on: loop, time: time) {
                [weak self] event in self?.assumeIsolated { $0.heard(event) }
            }
            opening = connection
            defer { opening = nil }
            do {
                try await connection.open(configuration, within: max(.zero, end - time.uptime))
            } catch {
                await connection.close(within: .zero)
                throw error
            }
            if isOver {
                await connection.close(within: .zero)
                throw BrokerError(.ended, "this broker is closed", during: .connect)
            }
            await restore(connection)
            // Asked in the same turn: it must not go between the question and the answer.
            guard connection.isOpenHere else {
                throw BrokerError(.notConnected, "the connection to \(endpoint) went while it was set up")
            }
            self.connection = connection
            hear(.up)
        }

        /// `host:port`, `[address]:port`, `host`.
        static func parts(of endpoint: String, port: Int) -> (String, Int) {
            guard let mark = endpoint.lastIndex(of: ":"), let number = Int(endpoint[endpoint.index(after: mark)...]),
                endpoint.hasPrefix("[") || !endpoint[..<mark].contains(":")
            else { return (endpoint.filter { $0 != "[" && $0 != "]" }, port) }
            return (endpoint[..<mark].filter { $0 != "[" && $0 != "]" }, number)
        }

        private func heard(_ event: ConnectionEvent) {
            switch event {
            case .blocked(let reason): hear(.blocked(reason))
            case .unblocked: hear(.unblocked)
            case .room: hear(.room)
            case .closed(let error):
                guard connection != nil else { return }
                connection = nil
                if isOver { return }
                hear(.down(error))
                reviver = Task { await self.revive() }
            }
        }

        /// Connects again, after pauses that double, each with up to a quarter more or less.
        private func revive() async {
            var pause = configuration.reconnectDelay
            while !isOver, !Task.isCancelled {
                let spread = Double.random(in: 0.75...1.25)
                do { try await time.sleep(for: pause * spread) } catch { return }
                do {
                    try await round()
                    return
                } catch {
                    pause = min(pause * 2, configuration.reconnectMaximumDelay)
                }
            }
        }

        /// Whether there is a connection, and what was there is restored.
        var isUp: Bool { connection != nil }

        /// Ends the connection without a goodbye, and every attempt to make one; from anywhere, and at once: who waits for an
        /// answer is told so.
        nonisolated func cut() { loop.perform { self.assumeIsolated { $0.end() } } }

        private func end() {
            isOver = true
            reviver?.cancel()
            let error = BrokerError(.ended, "this broker is closed", during: .connect)
            for connection in [connection, opening] { connection?.assumeIsolated { $0.end(error) } }
            connection = nil
        }

        /// Ends the connection, in order where there is time, and every attempt to make one.
        func close(within grace: Duration) async {
            isOver = true
            reviver?.cancel()
            let (made, opening) = (connection, opening)
            connection = nil
            await opening?.close(within: .zero)
            await made?.close(within: grace)
            await loop.close()
        }
    }

    extension TLSConfiguration {
        /// As the event loop takes it; nil: plain.
        fileprivate var stream: StreamTLS? {
            guard isOn else { return nil }
            var tls = StreamTLS()
            (tls.verify, tls.authority, tls.certificate, tls.key) = (verify, authority, certificate, key)
            return tls
        }
    }

    extension BrokerError {
        /// Why there is no connection.
        fileprivate init(_ error: StreamError) {
            let code: Code =
                switch error.code {
                case .unresolved, .unreachable, .lost: .unavailable
                case .timedOut: .timeout
                case .untrusted: .unauthorized
                case .closed: .ended
                case .cancelled: .cancelled
                case .system: .resourceExhausted
                }
            self.init(code, error.sentence, during: .connect, nativeCode: error.number.map(Int.init))
        }
    }
#endif
