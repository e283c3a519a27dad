#if RabbitMQ
    import Messaging
    import MessagingFaults
    import MessagingTesting
    import Testing

    /// A scenario and a kind, for the name of a test.
    struct ConformanceRun: Sendable, CustomTestStringConvertible {
        let scenario: Scenario
        let kind: DestinationKind
        var testDescription: String { "\(scenario.number) \(kind)" }

        /// What is to be run of a kind.
        static func all(_ kind: DestinationKind) -> [ConformanceRun] {
            Scenario.all.filter { $0.kinds.contains(kind) }.map { ConformanceRun(scenario: $0, kind: kind) }
        }
    }

    /// A server, on which scenarios run one after the other: they kill it, and count what it has.
    struct ConformanceServer: Sendable {
        private let harness = Task { try await RabbitMQHarness(try await RabbitMQServer.start(), isItsOwn: true) }

        func keeps(_ run: ConformanceRun) async throws {
            let result = await BrokerConformance(try await harness.value).run(run.scenario, kind: run.kind)
            if case .failed(let violation) = result { Issue.record(violation, "\(violation.report)") }
        }
    }

    /// RabbitMQ keeps what every broker promises. `scripts/test-rabbitmq` runs each kind in a process of its own: some scenarios count
    /// the descriptors and the memory of the process.
    @Suite(.enabled(if: RabbitMQServer.isWanted, "RabbitMQ is not installed: apt-get install rabbitmq-server"))
    enum RabbitMQConformanceTests {
        @Suite("Queues of RabbitMQ", .serialized) struct Queues {
            private static let server = ConformanceServer()

            @Test(arguments: ConformanceRun.all(.queue))
            func keep(_ run: ConformanceRun) async throws { try await Self.server.keeps(run) }
        }

        @Suite("Streams of RabbitMQ", .serialized) struct Streams {
            private static let server = ConformanceServer()

            @Test(arguments: ConformanceRun.all(.stream))
            func keep(_ run: ConformanceRun) async throws { try await Self.server.keeps(run) }
        }

        @Suite("Pub/sub of RabbitMQ", .serialized) struct PubSub {
            private static let server = ConformanceServer()

            @Test(arguments: ConformanceRun.all(.pubSub))
            func keeps(_ run: ConformanceRun) async throws { try await Self.server.keeps(run) }
        }
    }
#endif
