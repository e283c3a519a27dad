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

        /// What is served so far.
        static let all = [DestinationKind.queue, .pubSub].flatMap { kind in
            Scenario.all.filter { $0.kinds.contains(kind) }.map { ConformanceRun(scenario: $0, kind: kind) }
        }
    }

    @Suite(
        "RabbitMQ keeps what every broker promises", .serialized, .enabled(if: RabbitMQServer.isWanted))
    struct RabbitMQConformanceTests {
        private static let harness = Task {
            try await RabbitMQHarness(try await RabbitMQServer.start(), isItsOwn: true)
        }

        @Test("Against a server of its own", arguments: ConformanceRun.all)
        func keeps(_ run: ConformanceRun) async throws {
            let harness = try await Self.harness.value
            let result = await BrokerConformance(harness).run(run.scenario, kind: run.kind)
            if case .failed(let violation) = result { Issue.record(violation, "\(violation.report)") }
        }
    }
#endif
