#if RabbitMQ
    import Messaging
    import MessagingFaults
    import RabbitMQBroker
    import Testing

    @Suite(
        "Connecting to RabbitMQ, and failing to", .timeLimit(.minutes(3)),
        .enabled(if: RabbitMQServer.isWanted, "RabbitMQ is not installed: apt-get install rabbitmq-server"))
    struct ConnectingTests {
        private static let certificates = Task { try await Certificates.make() }

        /// A server with TLS that takes certificates instead of passwords, too.
        private static func start(_ name: String) async throws -> ServerProcess {
            let files = try await certificates.value
            let lines = [
                "listeners.ssl.1 = 127.0.0.1:{tls-port}", "ssl_options.cacertfile = \(files.path("authority.pem"))",
                "ssl_options.certfile = \(files.path("\(name).pem"))",
                "ssl_options.keyfile = \(files.path("\(name).key"))",
                "ssl_options.verify = verify_peer", "ssl_options.fail_if_no_peer_cert = false",
                "auth_mechanisms.1 = PLAIN", "auth_mechanisms.2 = EXTERNAL", "ssl_cert_login_from = common_name",
            ]
            let server = try await RabbitMQServer.start(lines, plugins: ["rabbitmq_auth_mechanism_ssl"])
            try await server.user("hub-client", writing: ".*")
            try await server.user("limited", writing: "^amq[.]default$")
            return server
        }

        private static let server = Task { try await start("server") }

        private func configuration(
            _ server: Task<ServerProcess, any Error> = Self.server, _ edit: (inout RabbitMQConfiguration) -> Void
        ) async throws -> RabbitMQConfiguration {
            let place = try await server.value.place
            var configuration = place.configuration()
            configuration.connectTimeout = .seconds(10)
            edit(&configuration)
            return configuration
        }

        private func tls(
            _ server: Task<ServerProcess, any Error> = Self.server,
            _ edit: (inout RabbitMQConfiguration) -> Void = { _ in }
        ) async throws -> RabbitMQConfiguration {
            let (files, place) = (try await Self.certificates.value, try await server.value.place)
            return try await configuration(server) { configuration in
                configuration.port = place.ports[3]
                configuration.tls.isOn = true
                configuration.tls.authority = files.path("authority.pem")
                edit(&configuration)
            }
        }

        private func works(_ configuration: RabbitMQConfiguration, _ name: String) async throws {
            let broker = RabbitMQBroker(configuration)
            try await broker.connect { _ in }
            let (queue, message) = (
                Destination.queue(Topic(stringLiteral: name)), Message(Body("over \(name)" as String))
            )
            try await broker.declare([DestinationDeclaration(queue)])
            _ = try await broker.publish(message, to: queue, options: PublishOptions())
            let deliveries = try await broker.subscribe(Subscription(queue)).receive(upTo: 1, within: .seconds(10))
            #expect(deliveries.map(\.message.id) == [message.id])
            await broker.close(within: .seconds(5))
        }

        /// Fails within its time-out, in one sentence that says this.
        private func fails(
            _ configuration: RabbitMQConfiguration, _ code: BrokerError.Code, saying words: String,
            _ location: SourceLocation = #_sourceLocation
        ) async {
            let broker = RabbitMQBroker(configuration)
            let (clock, secret) = (ContinuousClock(), configuration.password)
            let begin = clock.now
            do throws(BrokerError) {
                try await broker.connect { _ in }
                Issue.record("it has connected", sourceLocation: location)
            } catch {
                #expect(error.code == code && error.sentence.contains(words), "\(error)", sourceLocation: location)
                #expect(!error.sentence.contains("\n"), sourceLocation: location)
                #expect(secret == "guest" || !"\(error)".contains(secret), sourceLocation: location)
            }
            #expect(clock.now - begin < configuration.connectTimeout + .seconds(1), sourceLocation: location)
            await broker.close(within: .seconds(1))
        }

        @Test func aServerThatProvesWhoItIsIsTalkedToOverTLS() async throws { try await works(try await tls(), "tls") }

        @Test func aClientProvesWhoItIsByItsCertificate() async throws {
            let files = try await Self.certificates.value
            let external = try await tls { configuration in
                configuration.saslMechanism = .external
                configuration.tls.certificate = files.path("client.pem")
                configuration.tls.key = files.path("client.key")
                configuration.password = "not asked for"
            }
            try await works(external, "external")
        }

        @Test func whoHasNoCertificateIsRefused() async throws {
            await fails(try await tls { $0.saslMechanism = .external }, .unauthorized, saying: "RabbitMQ says: ")
        }

        @Test func aServerWhoseCertificateNobodyHasSignedIsRefused() async throws {
            await fails(try await tls { $0.tls.authority = nil }, .unauthorized, saying: "certificate")
        }

        @Test func aServerWhoseCertificateIsOverIsRefused() async throws {
            let expired = Task { try await Self.start("expired") }
            await fails(try await tls(expired), .unauthorized, saying: "expired")
        }

        @Test func aPlainServerIsRefusedWhereTLSIsAskedFor() async throws {
            let plain = try await Self.server.value.place.port
            await fails(try await tls { $0.port = plain }, .unauthorized, saying: "no TLS with 127.0.0.1")
        }

        @Test func aServerWithTLSIsNamedWhereItIsSpokenToInPlain() async throws {
            let secure = try await Self.server.value.place.ports[3]
            await fails(try await configuration { $0.port = secure }, .unavailable, saying: "set tls: true")
        }

        @Test func aVirtualHostThatIsNotThereIsNamed() async throws {
            await fails(
                try await configuration { $0.virtualHost = "nowhere" }, .invalidConfiguration, saying: "nowhere")
        }

        @Test func aWrongPasswordIsRefusedAndNotShown() async throws {
            await fails(
                try await configuration { $0.password = "open-sesame" }, .unauthorized, saying: "ACCESS_REFUSED")
        }

        @Test func severalHostsAreTriedInTurn() async throws {
            let place = try await Self.server.value.place
            let nobody = try Stranger.freePort()
            let hosts = try await configuration { configuration in
                configuration.hosts = ["127.0.0.1:\(nobody)", "[::1]:\(nobody)", "127.0.0.1:\(place.port)"]
                configuration.port = nobody
            }
            try await works(hosts, "hosts")
        }

        @Test func whoMayNotWriteToAnExchangeIsRefusedThereAndNowhereElse() async throws {
            let (queue, live) = (Destination.queue("permitted"), Destination.pubSub("forbidden"))
            let owner = RabbitMQBroker(try await configuration { _ in })
            try await owner.connect { _ in }
            try await owner.declare([DestinationDeclaration(queue)])
            let broker = RabbitMQBroker(
                try await configuration { configuration in
                    (configuration.username, configuration.password) = ("limited", "limited-secret")
                })
            try await broker.connect { _ in }
            for _ in 0..<3 {
                do {
                    _ = try await broker.publish(Message("no"), to: live, options: PublishOptions())
                    Issue.record("it was published")
                } catch {
                    guard case .refused(let reason) = error.outcomes[0] else { throw error }
                    #expect(reason.code == .unauthorized && reason.sentence.contains("amq.topic"), "\(reason)")
                }
                _ = try await broker.publish(Message("yes"), to: queue, options: PublishOptions())
            }
            #expect(try await owner.topology?.depth(of: queue, group: nil).waiting == 3)
            await broker.close(within: .seconds(5))
            await owner.close(within: .seconds(5))
        }
    }

    extension ServerProcess {
        /// Makes a user who may write where this matches, and do all else; the password is the name with `-secret`.
        fileprivate func user(_ name: String, writing pattern: String) async throws {
            let answer = try await evaluates(
                """
                ok = rabbit_auth_backend_internal:add_user(<<"\(name)">>, <<"\(name)-secret">>, <<"test">>), \
                ok = rabbit_auth_backend_internal:set_permissions(<<"\(name)">>, <<"/">>, <<".*">>, <<"\(pattern)">>, \
                <<".*">>, <<"test">>).
                """)
            #expect(answer.contains("ok"), "\(answer)")
        }
    }
#endif
