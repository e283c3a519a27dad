#if RabbitMQ
    import Messaging
    import MessagingTesting
    import RabbitMQBroker
    import Testing

    /// Memory with RabbitMQ's profile is worth a test: it refuses what RabbitMQ refuses, and accepts what it accepts.
    @Suite("Memory with the profile of RabbitMQ", .enabled(if: RabbitMQServer.isWanted, "\(RabbitMQServer.absence)"))
    struct ParityTests {
        private static let harness = Task {
            try await RabbitMQHarness(try await RabbitMQServer.shared.value, isItsOwn: false)
        }

        @Test("answers as RabbitMQ does", .timeLimit(.minutes(5)), arguments: ParityProbe.all)
        func answersAsRabbitMQDoes(probe: ParityProbe) async throws {
            let parity = ProfileParity(.rabbitMQ, live: try await Self.harness.value)
            if case .differs(let sentence) = await parity.compare(probe) {
                Issue.record("\(sentence)")
            }
        }
    }
#endif
