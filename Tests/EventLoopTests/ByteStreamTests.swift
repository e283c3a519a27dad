#if EventLoop
    import EventLoop
    import Foundation
    import Messaging
    import MessagingTesting
    import Testing

    /// A server that sends back what it gets.
    struct Echo: Sendable {
        let listener: StreamListener
        let task: Task<Void, Never>

        init(tls: StreamTLS? = nil, on loop: EventLoop) throws {
            let listener = try StreamListener(tls: tls, on: loop)
            self.listener = listener
            task = Task {
                await withDiscardingTaskGroup { group in
                    while let client = try? await listener.accept() {
                        group.addTask {
                            do {
                                while let bytes = try await client.read() { try await client.write(bytes) }
                                try await client.finish()
                            } catch {}
                            await client.close()
                        }
                    }
                    group.cancelAll()
                }
            }
        }

        func close() async {
            await listener.close()
            await task.value
        }
    }

    extension ByteStream {
        /// Reads as many bytes; throws where the stream ends before.
        func exactly(_ count: Int) async throws -> [UInt8] {
            var all: [UInt8] = []
            while all.count < count {
                guard let more = try await read(upTo: count - all.count) else {
                    throw BrokerError(.notConnected, "the stream ended after \(all.count) of \(count) bytes")
                }
                all += more
            }
            return all
        }
    }

    @Suite("Byte streams", .timeLimit(.minutes(5))) struct ByteStreamTests {
        static let patience = Duration.seconds(30)

        @Test("What is written comes back byte for byte", arguments: [1, 65_536, 5_000_000]) func echo(size: Int)
            async throws
        {
            try await withLoop { loop in
                let echo = try Echo(on: loop)
                let port = echo.listener.port
                let stream = try await ByteStream.connect(to: "127.0.0.1", port: port, within: Self.patience, on: loop)
                let sent = (0..<size).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ $0 >> 8) }
                async let received = stream.exactly(size)
                try await stream.write(sent)
                #expect(try await received == sent)
                try await stream.finish()
                #expect(try await stream.read() == nil)
                await stream.close()
                await echo.close()
            }
        }

        @Test("A name is looked up, and each of its addresses is tried") func names() async throws {
            try await withLoop { loop in
                let echo = try Echo(on: loop)
                let port = echo.listener.port
                let stream = try await ByteStream.connect(to: "localhost", port: port, within: Self.patience, on: loop)
                try await stream.write([1, 2, 3])
                #expect(try await stream.exactly(3) == [1, 2, 3])
                await echo.close()
            }
        }

        @Test("Who writes to a peer that does not read waits, with 256 KiB and one write unsent at most")
        func slowReader() async throws {
            try await withLoop { loop in
                let listener = try StreamListener(on: loop)
                let port = listener.port
                let writer = try await ByteStream.connect(to: "127.0.0.1", port: port, within: Self.patience, on: loop)
                let reader = try await listener.accept()
                let total = 64 << 20
                let writing = Task {
                    var most = 0
                    for _ in 0..<(total >> 16) {
                        try await writer.write([UInt8](repeating: 7, count: 65_536))
                        most = max(most, await writer.unsent)
                    }
                    try await writer.finish()
                    return most
                }
                // What the system takes is far less than all.
                try await SystemTime.shared.until("it has to wait") { await writer.unsent >= 262_144 }
                var count = 0
                while let bytes = try await reader.read() { count += bytes.count }
                #expect(count == total)
                #expect(try await writing.value < 262_144 + 65_536)
            }
        }

        @Test("What has come at once is handed over at once, not 4 KiB at a time") func largePieces() async throws {
            try await withLoop { loop in
                let (client, server) = try await pair(on: loop)
                let come = Lock((bytes: 0, signals: 0))
                await client.listen { [weak client] signal in
                    guard case .bytes = signal, let client else { return }
                    come.withLock { $0.signals += 1 }
                    client.consumeHere { piece in
                        come.withLock { $0.bytes += piece.count }
                        return true
                    }
                }
                let total = 1 << 20
                try await server.write([UInt8](repeating: 7, count: total))
                try await SystemTime.shared.until("all of it has come") { come.withLock { $0.bytes } == total }
                #expect(come.withLock { $0.signals } < total / 16_384)
            }
        }

        @Test("A read that is cancelled ends and takes nothing") func cancelledRead() async throws {
            try await withLoop { loop in
                let (client, server) = try await pair(on: loop)
                for number in 0..<100 {
                    let reading = Task { try await client.read() }
                    if number % 2 == 0 { await Task.yield() }
                    reading.cancel()
                    do throws {
                        let bytes = try await reading.value
                        Issue.record("read \(String(describing: bytes)) though nothing was sent")
                    } catch let error as StreamError {
                        #expect(error.code == .cancelled)
                    }
                }
                try await server.write([1, 2, 3])
                #expect(try await client.exactly(3) == [1, 2, 3])
            }
        }

        @Test("Nobody listens: unreachable, at once") func refused() async throws {
            try await withLoop { loop in
                let listener = try StreamListener(on: loop)
                await listener.close()
                let error = await failure {
                    try await ByteStream.connect(
                        to: "127.0.0.1", port: listener.port, within: Self.patience, on: loop)
                }
                #expect(error?.code == .unreachable)
                #expect(error?.sentence.contains("127.0.0.1:\(listener.port)") == true)
                #expect(error?.number == ECONNREFUSED)
            }
        }

        @Test("A name that nobody has: unresolved") func unresolved() async throws {
            try await withLoop { loop in
                let error = await failure {
                    try await ByteStream.connect(to: "no such host.invalid", port: 1, within: Self.patience, on: loop)
                }
                #expect(error?.code == .unresolved)
            }
        }

        @Test("A reset is a loss, an end is an end") func ends() async throws {
            try await withLoop { loop in
                let (first, other) = try await pair(on: loop)
                await other.reset()
                #expect(await failure { try await first.read() }?.code == .lost)
                let (second, another) = try await pair(on: loop)
                try await another.write([9])
                try await another.flush()
                await another.close()
                #expect(try await second.read() == [9])
                #expect(try await second.read() == nil)
            }
        }

        @Test("Who waits to be rid of bytes hears of a reset, also after the peer's end")
        func resetAfterTheEnd() async throws {
            try await withLoop { loop in
                let (client, server) = try await pair(on: loop)
                try await server.finish()
                #expect(try await client.read() == nil)
                try await client.write([UInt8](repeating: 7, count: 16 << 20))
                let flushing = Task {
                    try await SystemTime.shared.bounded("flushing", within: Self.patience) { try await client.flush() }
                }
                await server.reset()
                #expect(await failure { try await flushing.value }?.code == .lost)
                let room = await failure {
                    try await SystemTime.shared.bounded("waiting for room", within: Self.patience) {
                        try await client.room()
                    }
                }
                #expect(room?.code == .lost)
            }
        }

        @Test("Closing a stream, or its loop, ends who waits on it") func closing() async throws {
            try await withLoop { loop in
                let (first, _) = try await pair(on: loop)
                let reading = Task { try await first.read() }
                await first.close()
                #expect(await failure { try await reading.value }?.code == .closed)
                let own = EventLoop("stream-own")
                let (second, third) = try await pair(on: own)
                let listener = try StreamListener(on: own)
                let waits = [
                    Task { _ = try await second.read() }, Task { _ = try await third.read() },
                    Task { _ = try await listener.accept() },
                ]
                try await SystemTime.shared.until("they wait") { System.threads(named: "stream-own") == 1 }
                await own.close()
                for wait in waits { #expect(await failure { try await wait.value }?.code == .closed) }
                #expect(await failure { try await second.write([1]) }?.code == .closed)
                #expect(
                    await failure {
                        try await ByteStream.connect(to: "127.0.0.1", port: 1, within: Self.patience, on: own)
                    }?.code == .closed)
            }
        }

        @Test("A port that is taken says so") func taken() async throws {
            try await withLoop { loop in
                let listener = try StreamListener(on: loop)
                #expect(
                    await failure { try StreamListener(port: listener.port, on: loop) }?.number == EADDRINUSE)
            }
        }

        @Test("200 connections leave no thread and no descriptor") func leaks() async {
            await OwnThreads.run {
                _ = await #expect(processExitsWith: .success) {
                    let loop = EventLoop("stream-leak")
                    try await ProcessUse.leavesNothing {
                        let echo = try Echo(on: loop)
                        let stream = try await ByteStream.connect(
                            to: "127.0.0.1", port: echo.listener.port, within: .seconds(30), on: loop)
                        try await stream.write([1])
                        _ = try await stream.exactly(1)
                        let letGo = try await ByteStream.connect(
                            to: "127.0.0.1", port: echo.listener.port, within: .seconds(30), on: loop)
                        try await letGo.write([1])
                        await stream.close()
                        await echo.listener.close()
                    }
                }
            }
        }

        private func pair(on loop: EventLoop) async throws -> (ByteStream, ByteStream) {
            let listener = try StreamListener(on: loop)
            let client = try await ByteStream.connect(
                to: "127.0.0.1", port: listener.port, within: Self.patience, on: loop)
            let server = try await listener.accept()
            await listener.close()
            return (client, server)
        }
    }

    /// The error of a call that must fail as a stream does.
    func failure<Value>(_ body: () async throws -> Value) async -> StreamError? {
        do {
            let value = try await body()
            Issue.record("no error, but \(value)")
        } catch let error as StreamError {
            return error
        } catch {
            Issue.record(error)
        }
        return nil
    }

    /// A loop that is closed whatever happens.
    func withLoop(_ body: (EventLoop) async throws -> Void) async throws {
        let loop = EventLoop("stream-test")
        do { try await body(loop) } catch {
            await loop.close()
            throw error
        }
        await loop.close()
    }
#endif
