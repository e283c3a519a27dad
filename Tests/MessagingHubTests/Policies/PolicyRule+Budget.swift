import Messaging
import MessagingHub
import MessagingReliability
import MessagingTesting

extension PolicyRule {
    /// Ten retries are spent; what would be the eleventh is given up at its first failure.
    static let eleventhRetry = PolicyRule(name: "a budget of ten retries a minute has ten") { trial in
        try await ofTen(trial) { hub, _, letters in
            try await hub.publish((0..<11).map { _ in Message() }, to: "orders")
            try await trial.eventually(
                { hub.metrics().failed == 11 }, else: "\(hub.metrics().failed) runs failed, not 11")
            try await trial.eventually(
                { letters.count == 1 }, else: "of 11 failed runs \(letters.count) were given up, not 1")
            let letter = letters.all[0]
            try trial.require(
                letter.headers[.deadLetterReason] == "over-budget" && letter.headers[.deadLetterAttempt] == "1",
                "given up as \(letter.headers[.deadLetterReason] ?? ""), attempt \(letter.headers[.deadLetterAttempt] ?? "")"
            )
            // A run counts as failed a moment before its retry does.
            try await trial.eventually(
                { hub.metrics().retried == 10 }, else: "\(hub.metrics().retried) retries, not 10")
        }
    }

    /// A minute after they were spent there are ten again.
    static let refilled = PolicyRule(name: "a budget of retries is full again after a minute") { trial in
        try await ofTen(trial) { hub, time, letters in
            for round in 1...3 {
                try await hub.publish((0..<10).map { _ in Message() }, to: "orders")
                try await trial.advancing(
                    time, until: { hub.metrics().handled - letters.count == 10 * round || letters.count > 0 },
                    else: "round \(round) was not handled")
                try trial.require(
                    letters.count == 0, "in minute \(round) \(letters.count) retries were refused, of ten allowed")
                time.advance(by: .seconds(61))
            }
        }
    }

    /// A hub whose handler fails at each first attempt, on a route with a budget of ten.
    private static func ofTen(
        _ trial: Trial, _ body: (MessageHub, VirtualTime, Recorder<Message>) async throws -> Void
    ) async throws {
        let time = VirtualTime()
        var fixture = trial.fixture(time)
        try fixture.route("orders") {
            $0.retry = RetryPolicy(attempts: 5, backoff: .constant, delay: .seconds(1))
            $0.retryBudget = 10
        }
        let letters = Recorder<Message>()
        try await fixture.run { hub in
            try await hub.subscribe(to: "orders.dead") { letters.add($0.message) }
            try await hub.subscribe(to: "orders") { if $0.attempt == 1 { throw Failing() } }
            try await body(hub, time, letters)
        }
    }
}
