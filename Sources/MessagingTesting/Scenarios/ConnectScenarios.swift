import Messaging

/// How connecting fails.
enum ConnectScenarios {
    static let all: [Scenario] = [
        Scenario(
            72,
            """
            Connecting to nothing, to a black hole, to another protocol, with wrong credentials, with TLS to plain and \
            plain to TLS fails within the time-out, with one clear sentence each; where TLS is required, not one byte \
            goes out in plain.
            """,
            why: "A wrong port or password would be looked for all night, and a password could go out for all to read.",
            .queue, .stream, .pubSub, needs: [.obstacle], body: connectingFails)
    ]

    static func connectingFails(_ context: ScenarioContext) async throws {
        let obstacles = context.harness.surroundings.obstacles
        for kind in ConnectionObstacle.Kind.allCases where !obstacles.contains(where: { $0.kind == kind }) {
            context.notMeasured("connecting to \(kind.rawValue)", because: "the harness cannot put it there")
        }
        var sentences: [String: ConnectionObstacle.Kind] = [:]
        for obstacle in obstacles {
            let what = "connecting to \(obstacle.kind.rawValue)"
            try await context.requirePrompt(what, within: obstacle.timeout + .milliseconds(500)) {
                let began = context.time.uptime
                let error = try await failure(context, obstacle, what)
                let took = context.time.uptime - began
                try requireClear(context, error, obstacle, what)
                if let other = sentences.updateValue(obstacle.kind, forKey: error.sentence), other != obstacle.kind {
                    throw ScenarioFailure("\(what) says the same as \(other.rawValue): \(error.sentence)")
                }
                return took
            }
            try await requireNothingInPlain(context, obstacle, what)
        }
    }

    /// What connecting threw.
    private static func failure(
        _ context: ScenarioContext, _ obstacle: ConnectionObstacle, _ what: String
    ) async throws -> BrokerError {
        let broker = try await context.time.bounded("launching a broker", within: context.patience, obstacle.launch)
        do {
            try await context.time.bounded(what, within: obstacle.timeout + context.patience) {
                try await broker.connect { _ in }
            }
        } catch let error as BrokerError {
            await broker.close(within: .seconds(1))
            return error
        }
        await broker.close(within: .seconds(1))
        throw ScenarioFailure("\(what) succeeded")
    }

    /// One sentence that says something, about a connect, and nothing that is secret.
    private static func requireClear(
        _ context: ScenarioContext, _ error: BrokerError, _ obstacle: ConnectionObstacle, _ what: String
    ) throws {
        let sentence = error.sentence
        try context.require(
            error.operation == .connect, "\(what) failed as a call of \(error.operation.rawValue), not of connect")
        let isOneSentence = !sentence.contains { $0.isNewline } && sentence.split(separator: " ").count >= 4
        try context.require(isOneSentence, "\(what) was not explained in one sentence: \"\(sentence)\"")
        for secret in obstacle.secrets where "\(error)\(error.details)".contains(secret) {
            throw ScenarioFailure("\(what) was explained with a secret in the sentence")
        }
        if obstacle.kind == .wrongCredentials {
            try context.require(
                error.code == .unauthorized, "\(what) failed as \(error.code), not as unauthorized")
        }
    }

    /// Where TLS is required, what goes out is a TLS record, or nothing at all.
    private static func requireNothingInPlain(
        _ context: ScenarioContext, _ obstacle: ConnectionObstacle, _ what: String
    ) async throws {
        guard let sent = obstacle.sent else { return }
        let bytes = try await context.time.bounded("reading what went out", within: context.patience, sent)
        let isTLS = bytes.count >= 2 && bytes[0] == 0x16 && bytes[1] == 0x03
        try context.require(
            bytes.isEmpty || isTLS, "\(what), which TLS is required for, sent \(bytes.count) bytes in plain")
    }
}
