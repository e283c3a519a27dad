#if EventLoop
    import EventLoop
    import Foundation
    import Messaging
    import MessagingFaults
    import MessagingTesting
    import Testing

    /// A server that sends back what it gets, and counts it.
    final class CountingEcho: Sendable {
        let loop = EventLoop("echo")
        let listener: StreamListener
        let received = Observed(0)
        let task: Task<Void, Never>

        init(tls: StreamTLS? = nil) throws {
            let (listener, received) = (try StreamListener(tls: tls, on: loop), received)
            self.listener = listener
            task = Task {
                await withDiscardingTaskGroup { group in
                    while let client = try? await listener.accept() {
                        group.addTask {
                            do {
                                while let bytes = try await client.read() {
                                    received.change { $0 += bytes.count }
                                    try await client.write(bytes)
                                }
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
            await loop.close()
        }
    }

    @Suite("Broker proxy") struct BrokerProxyTests {
        private static let patience = Duration.seconds(30)

        func withProxy(
            tls: StreamTLS? = nil, _ body: (BrokerProxy, CountingEcho) async throws -> Void
        ) async throws {
            let echo = try CountingEcho(tls: tls)
            let proxy = try await BrokerProxy(to: "127.0.0.1", port: echo.listener.port)
            do { try await body(proxy, echo) } catch {
                await proxy.close()
                await echo.close()
                throw error
            }
            await proxy.close()
            await echo.close()
        }

        func connect(_ proxy: BrokerProxy, _ echo: CountingEcho) async throws -> ByteStream {
            try await ByteStream.connect(to: proxy.host, port: proxy.port, within: Self.patience, on: echo.loop)
        }

        /// Whether a connection works: what is written comes back.
        func works(_ stream: ByteStream, _ bytes: [UInt8] = [1, 2, 3]) async throws -> Bool {
            try await stream.write(bytes)
            return try await read(bytes.count, from: stream) == bytes
        }

        /// Reads as many bytes, or as many as there are.
        func read(_ count: Int, from stream: ByteStream) async throws -> [UInt8] {
            try await SystemTime.shared.bounded("reading \(count) bytes", within: Self.patience) {
                var all: [UInt8] = []
                while all.count < count, let more = try await stream.read(upTo: count - all.count) { all += more }
                return all
            }
        }

        /// Fails unless the connection has ended, in whichever way.
        func hasEnded(_ stream: ByteStream) async throws {
            try await SystemTime.shared.bounded("the end", within: Self.patience) {
                do { while try await stream.read() != nil {} } catch is StreamError {}
            }
        }

        @Test("Without a fault everything goes through, and ends go through too") func plain() async throws {
            try await withProxy { proxy, echo in
                let stream = try await connect(proxy, echo)
                let sent = (0..<3_000_000).map { UInt8(truncatingIfNeeded: $0 &* 31) }
                async let received = read(sent.count, from: stream)
                try await stream.write(sent)
                #expect(try await received == sent)
                #expect(await proxy.passed == [.toServer: sent.count, .toClient: sent.count])
                try await stream.finish()
                #expect(try await stream.read() == nil)
                try await SystemTime.shared.until("the proxy has none left") { await proxy.connectionCount == 0 }
            }
        }

        @Test("TLS goes through as it is") func tls() async throws {
            let folder = FileManager.default.temporaryDirectory.appendingPathComponent("proxy-\(UUID().uuidString)")
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
            defer { try? FileManager.default.removeItem(at: folder) }
            var (server, client) = (StreamTLS(), StreamTLS())
            let (certificate, key) = (folder.path + "/certificate.pem", folder.path + "/key.pem")
            try CertificateHandle.write("IP:127.0.0.1", certificate: certificate, key: key)
            (server.certificate, server.key, client.authority) = (certificate, key, certificate)
            try await withProxy(tls: server) { proxy, echo in
                let stream = try await ByteStream.connect(
                    to: proxy.host, port: proxy.port, tls: client, within: Self.patience, on: echo.loop)
                #expect(try await works(stream))
                try await proxy.apply(.cut)
                try await hasEnded(stream)
            }
        }

        @Test("A cut ends every connection, and lets new ones through") func cut() async throws {
            try await withProxy { proxy, echo in
                let (first, second) = (try await connect(proxy, echo), try await connect(proxy, echo))
                #expect(try await works(first))
                #expect(try await works(second))
                try await proxy.apply(.cut)
                try await hasEnded(first)
                try await hasEnded(second)
                #expect(await proxy.fault == nil)
                #expect(try await works(try await connect(proxy, echo)))
            }
        }

        @Test("A cut after n bytes lets the other side have exactly n", arguments: [0, 1, 7, 20_000])
        func cutAfter(count: Int) async throws {
            try await withProxy { proxy, echo in
                let stream = try await connect(proxy, echo)
                #expect(try await works(stream))
                try await proxy.apply(.cutAfter(count, .toServer))
                try await stream.write([UInt8](repeating: 5, count: 50_000))
                try await hasEnded(stream)
                try await SystemTime.shared.until("the server has them") { echo.received.value == 3 + count }
                let other = try await connect(proxy, echo)
                #expect(try await works(other))
                try await proxy.apply(.cutAfter(count, .toClient))
                try await other.write([UInt8](repeating: 5, count: 50_000))
                var received = 0
                do { while let bytes = try await other.read() { received += bytes.count } } catch is StreamError {}
                #expect(received == count)
            }
        }

        @Test("A cut within passes half of what comes next") func cutWithin() async throws {
            try await withProxy { proxy, echo in
                let stream = try await connect(proxy, echo)
                #expect(try await works(stream))
                try await proxy.apply(.cutWithin(.toServer))
                try await stream.write([UInt8](repeating: 5, count: 100))
                try await hasEnded(stream)
                try await SystemTime.shared.until("the server has half") { echo.received.value == 53 }
                let other = try await connect(proxy, echo)
                try await proxy.apply(.cutWithin(.toClient))
                try await other.write([UInt8](repeating: 5, count: 100))
                #expect(try await read(100, from: other).count == 50)
            }
        }

        @Test("A delay is kept in both directions, and does not hold up what follows") func delay() async throws {
            try await withProxy { proxy, echo in
                let stream = try await connect(proxy, echo)
                #expect(try await works(stream))
                try await proxy.apply(.delay(.milliseconds(500)))
                let start = ContinuousClock.now
                #expect(try await works(stream))
                #expect(ContinuousClock.now - start >= .milliseconds(999))
                // 20 pieces of 16 KiB that waited one after the other would take 20 s.
                let again = ContinuousClock.now
                try await stream.write([UInt8](repeating: 1, count: 20 << 14))
                _ = try await read(20 << 14, from: stream)
                #expect(ContinuousClock.now - again < .seconds(8))
                try await proxy.restore()
                #expect(try await works(stream))
            }
        }

        @Test("A throttle passes no more than its rate") func throttle() async throws {
            try await withProxy { proxy, echo in
                let stream = try await connect(proxy, echo)
                try await proxy.apply(.throttle(bytesPerSecond: 20_000))
                let start = ContinuousClock.now
                try await stream.write([UInt8](repeating: 1, count: 10_000))
                _ = try await read(10_000, from: stream)
                #expect(ContinuousClock.now - start >= .milliseconds(450))
            }
        }

        @Test("A throttle that is restored lets at once through what waits") func throttleEnds() async throws {
            try await withProxy { proxy, echo in
                let stream = try await connect(proxy, echo)
                // Two minutes for it all.
                try await proxy.apply(.throttle(bytesPerSecond: 100))
                try await stream.write([UInt8](repeating: 1, count: 12_000))
                try await SystemTime.shared.until("some of it is passed") { echo.received.value > 0 }
                try await proxy.restore()
                try await SystemTime.shared.until("the rest goes through") { echo.received.value == 12_000 }
            }
        }

        @Test("A black hole passes nothing and says nothing, takes new connections, and gives back what it held")
        func blackHole() async throws {
            try await withProxy { proxy, echo in
                let stream = try await connect(proxy, echo)
                #expect(try await works(stream))
                let leaving = try await connect(proxy, echo)
                #expect(try await works(leaving))
                try await proxy.apply(.blackHole)
                try await stream.write([4, 5, 6])
                let new = try await connect(proxy, echo)
                try await new.write([7])
                await leaving.reset()
                let before = await proxy.passed
                let reading = [stream, new].map { silent in Task { try await silent.read() } }
                // Another way to the same server, on which everything goes to and fro meanwhile.
                let way = try await BrokerProxy(to: "127.0.0.1", port: echo.listener.port)
                let sentinel = try await connect(way, echo)
                for _ in 0..<100 { #expect(try await works(sentinel)) }
                await way.close()
                for silent in reading {
                    silent.cancel()
                    await #expect(throws: StreamError.self) { _ = try await silent.value }
                }
                #expect(await proxy.passed == before)
                #expect(echo.received.value == 6 + 300)
                try await proxy.restore()
                #expect(try await read(3, from: stream) == [4, 5, 6])
                #expect(try await read(1, from: new) == [7])
            }
        }

        @Test("A refusal ends connections and refuses new ones, on the same port until restored") func refuse()
            async throws
        {
            try await withProxy { proxy, echo in
                let stream = try await connect(proxy, echo)
                #expect(try await works(stream))
                try await proxy.apply(.refuse)
                try await hasEnded(stream)
                let error = await #expect(throws: StreamError.self) { _ = try await connect(proxy, echo) }
                #expect(error?.code == .unreachable)
                try await proxy.restore()
                #expect(try await works(try await connect(proxy, echo)))
            }
        }

        @Test("A server that is not there is a cut to who connects") func noServer() async throws {
            try await withProxy { proxy, echo in
                await echo.listener.close()
                do {
                    let stream = try await connect(proxy, echo)
                    try await hasEnded(stream)
                } catch let error as StreamError {
                    // The cut can be there before the connect has returned.
                    #expect(error.number == ECONNRESET)
                }
            }
        }

        @Test("The same seed makes the same plan, another another") func plans() {
            let faults: [ProxyFault] = [.cut, .blackHole, .refuse, .delay(.milliseconds(5)), .cutAfter(9, .toClient)]
            let plan = ProxyPlan(seed: 7, count: 50, of: faults)
            #expect(plan == ProxyPlan(seed: 7, count: 50, of: faults))
            #expect(plan != ProxyPlan(seed: 8, count: 50, of: faults))
            #expect(Set(plan.steps.map(\.fault)) == Set(faults))
            #expect(plan.steps.allSatisfy { (.milliseconds(50)...(.milliseconds(500))).contains($0.pause) })
        }

        @Test("A plan is followed and restores; also one that is cancelled") func following() async throws {
            try await withProxy { proxy, echo in
                let faults: [ProxyFault] = [.cut, .blackHole, .refuse, .cutAfter(5, .toClient)]
                try await proxy.follow(ProxyPlan(seed: 3, count: 8, of: faults, after: 0...5, for: 0...20))
                #expect(try await works(try await connect(proxy, echo)))
                let plan = ProxyPlan([ProxyPlan.Step(after: .zero, .refuse, for: .seconds(3_600))])
                let following = Task { try await proxy.follow(plan) }
                try await SystemTime.shared.until("it refuses") { await proxy.fault == .refuse }
                following.cancel()
                await #expect(throws: CancellationError.self) { try await following.value }
                #expect(try await works(try await connect(proxy, echo)))
            }
        }

        @Test("200 proxies leave no thread and no descriptor") func leaks() async {
            await OwnThreads.run {
                _ = await #expect(processExitsWith: .success) {
                    let test = BrokerProxyTests()
                    try await ProcessUse.leavesNothing(200) {
                        try await test.withProxy { proxy, echo in
                            let stream = try await test.connect(proxy, echo)
                            _ = try await test.works(stream)
                            try await proxy.apply(.cut)
                            _ = try await test.connect(proxy, echo)
                        }
                    }
                }
            }
        }
    }
#endif
