#if EventLoop
    import EventLoop
    import Foundation
    import MessagingTesting
    import Testing

    @Suite("Byte streams over TLS", .timeLimit(.minutes(5))) struct TLSTests {
        /// A certificate for these names, in a folder that is removed.
        private func withCertificate(
            _ names: String = "DNS:localhost,IP:127.0.0.1", _ body: (StreamTLS, StreamTLS) async throws -> Void
        ) async throws {
            let folder = FileManager.default.temporaryDirectory.appendingPathComponent("tls-\(UUID().uuidString)")
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
            defer { try? FileManager.default.removeItem(at: folder) }
            var server = StreamTLS()
            let (certificate, key) = (folder.path + "/certificate.pem", folder.path + "/key.pem")
            try CertificateHandle.write(names, certificate: certificate, key: key)
            (server.certificate, server.key) = (certificate, key)
            var client = StreamTLS()
            client.authority = certificate
            try await body(server, client)
        }

        @Test("What is written comes back, by name and by address", arguments: ["localhost", "127.0.0.1"])
        func echo(host: String) async throws {
            try await withCertificate { server, client in
                try await withLoop { loop in
                    let echo = try Echo(tls: server, on: loop)
                    let port = echo.listener.port
                    let stream = try await ByteStream.connect(
                        to: host, port: port, tls: client, within: ByteStreamTests.patience, on: loop)
                    let sent = (0..<3_000_000).map { UInt8(truncatingIfNeeded: $0 &* 31) }
                    async let received = stream.exactly(sent.count)
                    try await stream.write(sent)
                    #expect(try await received == sent)
                    await stream.close()
                    await echo.close()
                }
            }
        }

        @Test("A certificate of another name, or of nobody whom the system trusts, is refused") func untrusted()
            async throws
        {
            try await withCertificate("DNS:other.example") { server, client in
                try await withLoop { loop in
                    let echo = try Echo(tls: server, on: loop)
                    let port = echo.listener.port
                    for host in ["localhost", "127.0.0.1"] {
                        let error = await failure {
                            try await ByteStream.connect(
                                to: host, port: port, tls: client, within: ByteStreamTests.patience, on: loop)
                        }
                        #expect(error?.code == .untrusted)
                        #expect(error?.sentence.contains("mismatch") == true, "\(error?.sentence ?? "")")
                    }
                    let stranger = await failure {
                        try await ByteStream.connect(
                            to: "localhost", port: port, tls: StreamTLS(), within: ByteStreamTests.patience, on: loop)
                    }
                    #expect(stranger?.code == .untrusted)
                    #expect(stranger?.sentence.contains("self-signed") == true, "\(stranger?.sentence ?? "")")
                    var trusting = StreamTLS()
                    trusting.verify = false
                    let stream = try await ByteStream.connect(
                        to: "localhost", port: port, tls: trusting, within: ByteStreamTests.patience, on: loop)
                    try await stream.write([1])
                    #expect(try await stream.exactly(1) == [1])
                    await echo.close()
                }
            }
        }

        @Test("TLS to a plain server, and to one that says nothing, ends in time") func plain() async throws {
            try await withLoop { loop in
                let echo = try Echo(on: loop)
                let port = echo.listener.port
                let wrong = await failure {
                    try await ByteStream.connect(
                        to: "localhost", port: port, tls: StreamTLS(), within: ByteStreamTests.patience, on: loop)
                }
                #expect(wrong?.code == .untrusted)
                let silent = try StreamListener(on: loop)
                let late = await failure {
                    try await ByteStream.connect(
                        to: "localhost", port: silent.port, tls: StreamTLS(), within: .milliseconds(300), on: loop)
                }
                #expect(late?.code == .timedOut)
                await echo.close()
            }
        }

        @Test("A connection that is cut is lost, one that is closed has ended") func ends() async throws {
            try await withCertificate { server, client in
                try await withLoop { loop in
                    let listener = try StreamListener(tls: server, on: loop)
                    for cut in [true, false] {
                        async let accepted = Self.secured(by: listener)
                        let stream = try await ByteStream.connect(
                            to: "localhost", port: listener.port, tls: client, within: ByteStreamTests.patience,
                            on: loop)
                        let peer = try await accepted
                        if cut {
                            await peer.reset()
                            #expect(await failure { try await stream.read() }?.code == .lost)
                        } else {
                            await peer.close()
                            #expect(try await stream.read() == nil)
                        }
                    }
                }
            }
        }

        private static func secured(by listener: StreamListener) async throws -> ByteStream {
            let peer = try await listener.accept()
            try await peer.secured(within: ByteStreamTests.patience)
            return peer
        }

        @Test("200 connections leave no thread and no descriptor") func leaks() async {
            await OwnThreads.run {
                _ = await #expect(processExitsWith: .success) {
                    // An error that is thrown here would end the process without a word.
                    do { try await TLSTests().leaveNothing() } catch { Issue.record(error) }
                }
            }
        }

        private func leaveNothing() async throws {
            let loop = EventLoop("tls-leak")
            try await withCertificate { server, client in
                try await ProcessUse.leavesNothing {
                    let echo = try Echo(tls: server, on: loop)
                    let stream = try await ByteStream.connect(
                        to: "localhost", port: echo.listener.port, tls: client, within: .seconds(30), on: loop)
                    try await stream.write([1])
                    _ = try await stream.exactly(1)
                    await echo.listener.close()
                }
            }
        }
    }
#endif
