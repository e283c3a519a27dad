#if EventLoop
    import EventLoop
    import Messaging
    import MessagingTesting

    /// A TCP proxy on this machine's loopback: clients connect to it instead of to their server, and a test says how the
    /// network between them fails. It forwards bytes and knows no protocol; TLS goes through it as it is.
    ///
    /// A fault holds for all connections, from when it is applied until the next one or `restore`. `close` ends the proxy;
    /// one that is not closed lives as long as the process.
    public actor BrokerProxy {
        nonisolated let loop: EventLoop
        /// The proxy runs on an event loop of its own.
        public nonisolated var unownedExecutor: UnownedSerialExecutor { loop.asUnownedSerialExecutor() }
        /// Where to connect: `127.0.0.1`.
        public nonisolated let host = "127.0.0.1"
        /// The port to connect to. It stays the same for as long as the proxy lives.
        public nonisolated let port: Int

        let server: (host: String, port: Int)
        private var listener: StreamListener?
        private var accepting: Task<Void, Never>?
        private(set) var isClosed = false
        /// The fault that holds; nil where all goes well, also once a cut is done.
        public private(set) var fault: ProxyFault?
        /// How many bytes were passed on in each direction since the proxy was made.
        public internal(set) var passed: [ProxyDirection: Int] = [.toServer: 0, .toClient: 0]
        /// How many connections there are.
        public var connectionCount: Int { connections.count }
        /// What is left to pass until a cut.
        var remaining = 0
        var connections: [Int: ProxyConnection] = [:]
        private var count = 0
        private var waiting: [Int: [Waiter<Void>]] = [:]

        /// A proxy to a server, on a free port. Throws `.unavailable` where there is none.
        public init(to host: String, port: Int) async throws {
            loop = EventLoop("proxy")
            server = (host, port)
            do throws(StreamError) {
                let listener = try StreamListener(on: loop)
                self.port = listener.port
                self.listener = listener
            } catch {
                throw BrokerError(.unavailable, error.sentence)
            }
            accepting = Task { await self.serve() }
        }

        /// Disturbs from now on as this says; ends the fault before it. Throws `.unavailable` where the proxy was refusing and
        /// its port is taken meanwhile, `.ended` after `close`.
        public func apply(_ fault: ProxyFault) async throws {
            if fault != .refuse { try await listen() }
            self.fault = fault
            switch fault {
            case .cut: cutAll()
            case .cutAfter(let count, _): remaining = max(0, count)
            case .refuse:
                await listener?.close()
                listener = nil
                cutAll()
                self.fault = .refuse
            case .cutWithin, .delay, .throttle, .blackHole: break
            }
            ring()
        }

        /// Passes everything on again. Throws as `apply`.
        public func restore() async throws {
            try await listen()
            fault = nil
            ring()
        }

        /// Applies the faults of a plan, each for its time, and restores; also when the task is cancelled, which throws
        /// `CancellationError`. Throws as `apply`.
        public func follow(_ plan: ProxyPlan) async throws {
            do {
                for step in plan.steps {
                    try await SystemTime.shared.sleep(for: step.pause)
                    try await apply(step.fault)
                    try await SystemTime.shared.sleep(for: step.length)
                    try await restore()
                }
            } catch {
                if !isClosed { try await restore() }
                throw error
            }
        }

        /// Ends every connection and the proxy; returns when nothing of it is left. Harmless when repeated.
        public func close() async {
            isClosed = true
            await listener?.close()
            listener = nil
            cutAll()
            ring()
            await accepting?.value
            await loop.close()
        }

        /// Ends every connection with a reset, and with it the fault.
        func cutAll() {
            for connection in connections.values {
                connection.client.assumeIsolated { $0.reset() }
                connection.server?.assumeIsolated { $0.reset() }
            }
            connections = [:]
            fault = nil
            ring()
        }

        /// Wakes those of a connection, or everybody, to look again.
        func ring(_ number: Int? = nil) {
            let woken = number.map { waiting.removeValue(forKey: $0) ?? [] } ?? waiting.values.flatMap { $0 }
            if number == nil { waiting = [:] }
            for waiter in woken { waiter.resolve(()) }
        }

        /// Returns when something of a connection, or of the proxy, has changed. Throws `CancellationError`.
        func change(of number: Int) async throws {
            let waiter = Waiter<Void>()
            waiting[number, default: []].append(waiter)
            if case .cancelled = await waiter.wait(on: SystemTime.shared) { throw CancellationError() }
        }

        private func listen() async throws {
            if isClosed { throw BrokerError.ended(.closed, "the proxy of port \(port) is closed") }
            let end = SystemTime.shared.uptime + .seconds(5)
            while listener == nil {
                do throws(StreamError) {
                    listener = try StreamListener(port: port, on: loop)
                } catch {
                    if SystemTime.shared.uptime > end { throw BrokerError(.unavailable, error.sentence) }
                    try await SystemTime.shared.sleep(for: .milliseconds(10))
                }
            }
        }

        private func serve() async {
            await withDiscardingTaskGroup { group in
                while !isClosed {
                    guard let listener else {
                        try? await change(of: 0)
                        continue
                    }
                    do throws(StreamError) {
                        let client = try await listener.accept()
                        count += 1
                        let number = count
                        connections[number] = ProxyConnection(client: client)
                        group.addTask { await self.carry(number) }
                    } catch {
                        if error.code == .system { try? await SystemTime.shared.sleep(for: .milliseconds(10)) }
                    }
                }
                group.cancelAll()
            }
        }
    }
#endif
