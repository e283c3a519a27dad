import Messaging
import MessagingTesting

extension Mutant {
    /// Flaws of connecting to what is not there.
    static let connecting: [Mutant] = [
        Mutant(
            "connecting to nothing is said to have worked",
            caughtBy: [
                .init(72, "connecting to nothing succeeded")
            ]
        ) { .failing { _ in } },
        Mutant(
            "connecting to nothing never ends",
            caughtBy: [
                .init(72, "connecting to nothing did not return within ")
            ], spoiling: [76]
        ) {
            .failing { error in
                try await SystemTime.shared.sleep(for: .seconds(3600))
                throw error
            }
        },
        Mutant(
            "connecting to nothing takes longer than its time-out",
            caughtBy: [
                .init(72, "connecting to nothing took over 1s in two of three tries")
            ]
        ) {
            .failing { error in
                try await SystemTime.shared.sleep(for: .milliseconds(1400))
                throw error
            }
        },
        Mutant(
            "connecting to nothing is explained with a number",
            caughtBy: [
                .init(72, "connecting to nothing was not explained in one sentence: \"error 111\"")
            ]
        ) { .failing { _ in throw BrokerError(.unavailable, "error 111", during: .connect) } },
        Mutant(
            "connecting to nothing is explained in several lines",
            caughtBy: [
                .init(72, "connecting to nothing was not explained in one sentence: \"")
            ]
        ) {
            .failing { error in
                throw BrokerError(.unavailable, "\(error.sentence)\n  at connect.c:42\n  at main.c:7", during: .connect)
            }
        },
        Mutant(
            "a failed connect is said to have been another call",
            caughtBy: [
                .init(72, "connecting to nothing failed as a call of other, not of connect")
            ]
        ) { .failing { error in throw error.during(.other) } },
        Mutant(
            "a failed connect tells the password",
            caughtBy: [
                .init(72, "connecting to nothing was explained with a secret in the sentence")
            ]
        ) {
            var flaw = Flaw.failing { _ in
                throw BrokerError(.unavailable, "nobody listens at amqp://hub:opensesame@localhost/", during: .connect)
            }
            flaw.obstacles = { $0.map { $0.with(secrets: ["opensesame"]) } }
            return flaw
        },
        Mutant(
            "wrong credentials are taken for a server that is not there",
            caughtBy: [
                .init(72, "connecting to a broker with wrong credentials failed as unavailable, not as unauthorized")
            ]
        ) {
            var flaw = Flaw()
            flaw.obstacles = { $0.map { $0.with(.wrongCredentials) } }
            return flaw
        },
        Mutant(
            "a black hole is explained as nothing is",
            caughtBy: [
                .init(72, "connecting to a black hole says the same as nothing: ")
            ]
        ) {
            var flaw = Flaw()
            flaw.obstacles = { $0 + $0.map { $0.with(.blackHole) } }
            return flaw
        },
        Mutant(
            "a greeting goes out in plain before TLS begins",
            caughtBy: [
                .init(72, "connecting to a plain server with TLS, which TLS is required for, sent 8 bytes in plain")
            ]
        ) {
            let sent = Observed<[UInt8]>([])
            var flaw = Flaw.failing { error in
                sent.change { $0 = Array("AMQP\0\0\u{9}\u{1}".utf8) }
                throw error
            }
            flaw.obstacles = { $0.map { $0.with(.plainServer) { sent.value } } }
            return flaw
        },
    ]
}

extension Flaw {
    /// What follows from a server that is not there.
    fileprivate static func failing(_ answer: @escaping @Sendable (BrokerError) async throws -> Void) -> Flaw {
        var flaw = Flaw()
        flaw.connect = { broker, reporting in
            do { try await broker.connect(reporting: reporting) } catch let error as BrokerError {
                guard error.code == .unavailable else { throw error }
                try await answer(error)
            }
        }
        return flaw
    }
}

extension ConnectionObstacle {
    /// The same, said to be of another kind.
    fileprivate func with(
        _ kind: Kind? = nil, secrets: [String] = [], sent: (@Sendable () async throws -> [UInt8])? = nil
    ) -> ConnectionObstacle {
        ConnectionObstacle(kind ?? self.kind, timeout: timeout, secrets: secrets, launch: launch, sent: sent)
    }
}
