#if EventLoop
    import EventLoop
    import Messaging
    import MessagingTesting

    extension BrokerProxy {
        /// Connects a client through to the server, and passes on until one of them ends or a fault does.
        func carry(_ number: Int) async {
            do {
                while fault == .blackHole { try await change(of: number) }
                let stream = try await ByteStream.connect(
                    to: server.host, port: server.port, within: .seconds(10), on: loop)
                guard connections[number] != nil else { return await stream.reset() }
                connections[number]?.server = stream
                try await withThrowingTaskGroup(of: Void.self) { group in
                    for direction in ProxyDirection.allCases {
                        group.addTask { try await self.take(number, direction) }
                        group.addTask { try await self.pass(number, direction) }
                    }
                    for try await _ in group {}
                }
                await end(number, reset: false)
            } catch {
                // A black hole also keeps an end to itself.
                while fault == .blackHole, !Task.isCancelled, connections[number] != nil {
                    try? await change(of: number)
                }
                await end(number, reset: true)
            }
        }

        private func end(_ number: Int, reset: Bool) async {
            guard let connection = connections.removeValue(forKey: number) else { return ring(number) }
            for stream in [connection.client, connection.server].compactMap(\.self) {
                reset ? await stream.reset() : await stream.close()
            }
            ring(number)
        }

        /// Reads what one side sends, while there is room for it.
        private func take(_ number: Int, _ direction: ProxyDirection) async throws {
            while let connection = connections[number], let line = connection.lines[direction] {
                if line.isFull {
                    try await change(of: number)
                    continue
                }
                let source = direction == .toServer ? connection.client : connection.server
                let bytes = try await source?.read(upTo: 16_384)
                var due = SystemTime.shared.uptime
                if case .delay(let delay) = fault { due += delay }
                line.append(ProxyLine.Piece(due: due, bytes: bytes))
                ring(number)
                if bytes == nil { return }
            }
        }

        /// Passes on what was read when it is due, as the fault of the moment says.
        private func pass(_ number: Int, _ direction: ProxyDirection) async throws {
            while let connection = connections[number], let line = connection.lines[direction] {
                guard fault != .blackHole, let first = line.first else {
                    try await change(of: number)
                    continue
                }
                let rest = first.due - SystemTime.shared.uptime
                if rest > .zero {
                    try await SystemTime.shared.sleep(for: rest)
                    continue
                }
                line.removeFirst()
                ring(number)
                guard let target = direction == .toServer ? connection.server : connection.client else { return }
                guard var rest = first.bytes?[...] else { return try await target.finish() }
                while !rest.isEmpty {
                    while fault == .blackHole { try await change(of: number) }
                    rest = try await pass(rest, direction, to: target)
                }
            }
        }

        /// Passes some of it, or all, as the fault of the moment says; what is left, for which there may be another.
        private func pass(
            _ bytes: ArraySlice<UInt8>, _ direction: ProxyDirection, to target: ByteStream
        ) async throws -> ArraySlice<UInt8> {
            switch fault {
            case .cutAfter(_, direction):
                let part = bytes.prefix(remaining)
                remaining -= part.count
                try await write(part, direction, to: target)
                if remaining == 0 { try await cut(after: target) }
            case .cutWithin(direction):
                try await write(bytes.prefix(bytes.count / 2), direction, to: target)
                try await cut(after: target)
            case .throttle(let rate):
                let part = bytes.prefix(max(1, rate / 20))
                try await write(part, direction, to: target)
                try await SystemTime.shared.sleep(for: .seconds(1) * part.count / max(1, rate))
                return bytes.dropFirst(part.count)
            default: try await write(bytes, direction, to: target)
            }
            return []
        }

        private func write(_ bytes: ArraySlice<UInt8>, _ direction: ProxyDirection, to target: ByteStream) async throws
        {
            try await target.write(Array(bytes))
            passed[direction, default: 0] += bytes.count
        }

        /// Lets a side have what was passed to it, and then ends every connection; after a second also where that side does
        /// not read.
        private func cut(after target: ByteStream) async throws {
            let alarm = loop.timer(after: .seconds(1)) { [weak self] _ in self?.assumeIsolated { $0.cutAll() } }
            defer { alarm.cancel() }
            try await target.flush()
            await target.close()
            cutAll()
        }
    }
#endif
