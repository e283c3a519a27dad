#if EventLoop
    import Glibc

    extension ByteStream {
        /// Connects, to each address of the host in turn, and agrees on TLS where it is asked for. Throws `.unresolved`,
        /// `.unreachable`, `.timedOut`, `.untrusted`, `.system`, `.closed` (of the loop) and `.cancelled`; then nothing is left
        /// open. A look-up of a name cannot be ended early: its thread lives for as long as the system's resolver asks.
        package static func connect(
            to host: String, port: Int, tls: StreamTLS? = nil, within limit: Duration, on loop: EventLoop
        ) async throws(StreamError) -> ByteStream {
            let stream = ByteStream(to: tls == nil ? "\(host):\(port)" : host, on: loop)
            try await stream.open(host, port, tls, within: limit)
            return stream
        }

        private func open(
            _ host: String, _ port: Int, _ tls: StreamTLS?, within limit: Duration
        ) async throws(StreamError) {
            let alarm = alarm(after: limit, "\(host):\(port) did not answer within \(limit)")
            defer { alarm.cancel() }
            do {
                var context: TLSHandle?
                if let tls { context = try TLSHandle(tls, isServer: false) }
                let descriptor = try await reach(host, port, within: limit)
                try attach(descriptor, tls: context, isServer: false)
                try await secured(within: limit)
            } catch {
                end(error)
                throw error
            }
        }

        /// A connected socket, to the first address that answers. Each has an equal part of the time.
        private func reach(_ host: String, _ port: Int, within limit: Duration) async throws(StreamError) -> Int32 {
            var failure = StreamError(.unresolved, "the host \(host) has no address")
            let addresses = try await resolve(host, port)
            for address in addresses {
                do {
                    return try await dial(address, port, within: limit / addresses.count)
                } catch {
                    if error.code != .unreachable { throw error }
                    failure = error
                }
            }
            throw failure
        }

        private func resolve(_ host: String, _ port: Int) async throws(StreamError) -> [SocketAddress] {
            Resolution.begin(host, port: port) { [weak self, loop] answer in
                loop.perform { [weak self] in
                    self?.assumeIsolated {
                        $0.answer = answer
                        $0.wake(.resolved)
                    }
                }
            }
            while true {
                if let answer { return try answer.get() }
                try await wait(for: .resolved)
            }
        }

        private func dial(_ address: SocketAddress, _ port: Int, within limit: Duration) async throws(StreamError)
            -> Int32
        {
            guard let descriptor = address.open() else {
                throw StreamError(.system, "there is no socket for a connection to \(peer)", number: errno)
            }
            do throws(StreamError) {
                let status = address.with { Glibc.connect(descriptor, $0, $1) == 0 ? 0 : errno } ?? EINVAL
                if status == EINPROGRESS { try await answers(descriptor, within: limit) }
                let error = status == EINPROGRESS ? Self.error(of: descriptor) : status
                if error == 0 { return descriptor }
                throw StreamError(.unreachable, "there is no connection to \(peer), port \(port)", number: error)
            } catch {
                Glibc.close(descriptor)
                throw error
            }
        }

        /// Waits until a socket that connects is connected or has failed.
        private func answers(_ descriptor: Int32, within limit: Duration) async throws(StreamError) {
            dialled = []
            let hear: @Sendable (Occasion) -> Void = { [weak self] occasion in
                self?.assumeIsolated {
                    $0.dialled = occasion
                    $0.wake(.connected)
                }
            }
            let (event, alarm) = (loop.watch(descriptor, for: .writable, hear), loop.timer(after: limit, hear))
            defer {
                event.cancel()
                alarm.cancel()
            }
            while dialled.isEmpty { try await wait(for: .connected) }
            if dialled == .time { throw StreamError(.unreachable, "\(peer) did not answer within \(limit)") }
            if dialled == .end { throw StreamError(.closed, "the event loop was closed during a connect to \(peer)") }
        }

        /// What the system says of a socket that has connected or failed.
        private static func error(of descriptor: Int32) -> Int32 {
            var (error, count): (Int32, socklen_t) = (0, socklen_t(MemoryLayout<Int32>.size))
            return getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &error, &count) == 0 ? error : errno
        }
    }
#endif
