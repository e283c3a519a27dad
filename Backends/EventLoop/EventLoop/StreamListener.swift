#if EventLoop
    import CEvent
    import Glibc

    /// A TCP port that others connect to, on its loop. Connections that nobody has accepted wait in the system, which
    /// refuses more than the backlog. Letting go of it closes it.
    package actor StreamListener {
        package nonisolated let loop: EventLoop
        package nonisolated var unownedExecutor: UnownedSerialExecutor { loop.asUnownedSerialExecutor() }
        /// The port, also where any was asked for.
        package nonisolated let port: Int

        private let tls: TLSHandle?
        private var descriptor: Int32?
        private var event: LoopEvent?
        private var waiting = LoopWaiting<Bool>()

        /// Listens on an address of this machine; on any port that is free where `port` is 0. Throws `.system` where the
        /// port is taken, `.unresolved` where the address is not one, and `.untrusted` where the certificate cannot be used.
        package init(
            at address: String = "127.0.0.1", port: Int = 0, tls: StreamTLS? = nil, backlog: Int = 128,
            on loop: EventLoop
        ) throws(StreamError) {
            var context: TLSHandle?
            if let tls { context = try TLSHandle(tls, isServer: true) }
            let descriptor = try Self.listen(address, port, backlog)
            self.loop = loop
            self.tls = context
            self.descriptor = descriptor
            self.port = SocketAddress.port(of: descriptor) ?? port
        }

        isolated deinit { close() }

        /// The next connection. Its TLS, if any, is agreed on as it is used (`ByteStream.secured`), so that one that is slow
        /// does not keep the others waiting. Throws `.closed`, `.cancelled`, and `.system` where there is no descriptor left.
        package func accept() async throws(StreamError) -> ByteStream {
            while true {
                guard let descriptor else {
                    throw StreamError(.closed, "port \(port) is not listened to any more")
                }
                let accepted = CEvent_accept(descriptor)
                if accepted >= 0 { return try await stream(accepted) }
                let number = errno
                switch number {
                case EINTR, ECONNABORTED, EPROTO: continue
                case EAGAIN: try await wait()
                default: throw StreamError(.system, "port \(port) cannot accept a connection", number: number)
                }
            }
        }

        /// Ends listening: who connects from now on, or has not been accepted, is refused. Whoever waits is told `.closed`.
        package func close() {
            event?.cancel()
            event = nil
            if let descriptor { Glibc.close(descriptor) }
            descriptor = nil
            waiting.wakeAll(StreamError(.closed, "port \(port) is not listened to any more"))
        }

        private func stream(_ descriptor: Int32) async throws(StreamError) -> ByteStream {
            let stream = ByteStream(to: "a client of port \(port)", on: loop)
            try await stream.attach(descriptor, tls: tls, isServer: true)
            return stream
        }

        private func wait() async throws(StreamError) {
            if event == nil, let descriptor {
                event = loop.watch(descriptor, for: .readable) { [weak self] occasion in
                    self?.assumeIsolated { $0.hear(occasion) }
                }
            }
            let number = waiting.next()
            let error = await withTaskCancellationHandler {
                await withCheckedContinuation { waiting.add($0, for: true, number: number) }
            } onCancel: {
                loop.perform { [weak self] in self?.assumeIsolated { $0.waiting.cancel(number) } }
            }
            if let error { throw error }
        }

        /// Looks again only when somebody waits, so that connections stay in the system until then.
        private func hear(_ occasion: Occasion) {
            if occasion == .end { return close() }
            event = nil
            waiting.wake(true)
        }

        private static func listen(_ address: String, _ port: Int, _ backlog: Int) throws(StreamError) -> Int32 {
            guard let place = try SocketAddress.look(up: address, port: port, isNumeric: true).first else {
                throw StreamError(.unresolved, "\(address) is not an address")
            }
            guard let descriptor = place.open() else {
                throw StreamError(.system, "there is no socket to listen with", number: errno)
            }
            var on: CInt = 1
            setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &on, socklen_t(MemoryLayout<CInt>.size))
            let isBound = place.with { bind(descriptor, $0, $1) == 0 } == true
            if isBound, Glibc.listen(descriptor, CInt(clamping: backlog)) == 0 { return descriptor }
            let number = errno
            Glibc.close(descriptor)
            throw StreamError(.system, "port \(port) of \(address) cannot be listened to", number: number)
        }
    }
#endif
