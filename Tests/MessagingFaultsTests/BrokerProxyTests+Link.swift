#if EventLoop
    import EventLoop
    import Messaging
    import MessagingFaults
    import MessagingTesting
    import Testing

    /// A proxy as the link of the clients that connect to it.
    extension BrokerProxyTests {
        /// A link, and a connection through it that works.
        private func withLink(
            _ body: (any BrokerLink, ByteStream, BrokerProxy, CountingEcho) async throws -> Void
        ) async throws {
            try await withProxy { proxy, echo in
                let stream = try await connect(proxy, echo)
                #expect(try await works(stream))
                try await body(proxy, stream, proxy, echo)
            }
        }

        @Test("A link that is cut ends its connections and lets new ones through") func linkCut() async throws {
            try await withLink { link, stream, proxy, echo in
                try await link.cut()
                try await hasEnded(stream)
                #expect(echo.received.value == 3)
                #expect(try await works(try await connect(proxy, echo)))
            }
        }

        @Test("A link that is cut while sending passes half to the server") func linkCutWhileSending() async throws {
            try await withLink { link, stream, proxy, echo in
                try await link.cutWhileSending()
                try await stream.write([1, 2, 3, 4])
                try await hasEnded(stream)
                try await SystemTime.shared.until("the server has half") { echo.received.value == 3 + 2 }
                #expect(try await works(try await connect(proxy, echo)))
            }
        }

        @Test("A link that is cut while receiving passes all to the server, and half back")
        func linkCutWhileReceiving() async throws {
            try await withLink { link, stream, proxy, echo in
                try await link.cutWhileReceiving()
                try await stream.write([1, 2, 3, 4])
                #expect(try await read(4, from: stream) == [1, 2])
                #expect(echo.received.value == 3 + 4)
                #expect(try await works(try await connect(proxy, echo)))
            }
        }

        @Test("A link that is a black hole takes connections, and passes on what came once it is restored")
        func linkBlackHole() async throws {
            try await withLink { link, stream, proxy, echo in
                try await link.blackHole()
                let new = try await connect(proxy, echo)
                try await new.write([4])
                try await stream.write([5])
                // Another way to the same server, on which everything goes to and fro meanwhile.
                let way = try await BrokerProxy(to: "127.0.0.1", port: echo.listener.port)
                let sentinel = try await connect(way, echo)
                for _ in 0..<50 { #expect(try await works(sentinel)) }
                await way.close()
                #expect(await proxy.passed == [.toServer: 3, .toClient: 3])
                try await link.restore()
                #expect(try await read(1, from: new) == [4])
                #expect(try await read(1, from: stream) == [5])
            }
        }

        @Test("A link that is refused ends its connections and takes none until it is restored")
        func linkRefused() async throws {
            try await withLink { link, stream, proxy, echo in
                try await link.refuse()
                try await hasEnded(stream)
                let error = await #expect(throws: StreamError.self) { _ = try await connect(proxy, echo) }
                #expect(error?.code == .unreachable)
                try await link.restore()
                #expect(try await works(try await connect(proxy, echo)))
            }
        }
    }
#endif
