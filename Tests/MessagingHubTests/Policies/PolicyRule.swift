import Messaging
import MessagingHub
import MessagingReliability
import MessagingTesting

/// Something that must hold of a hub's circuit breakers, its budget of retries or its time-outs: with policies that decide
/// right it does, with one that has a fault a violation is thrown.
struct PolicyRule: Sendable {
    /// What a rule is checked with.
    struct Trial: Sendable {
        var policies = HubPolicies()
        /// How long a condition may take of the machine's time.
        var patience = Duration.seconds(60)
    }

    /// What must hold, in a sentence.
    let name: String
    /// Throws a `PolicyViolation` where it does not.
    let check: @Sendable (Trial) async throws -> Void
}

/// What a rule says that does not hold.
struct PolicyViolation: Error, CustomStringConvertible {
    let description: String
}

extension PolicyRule.Trial {
    /// A hub in memory, on this clock, with these policies.
    func fixture(_ time: VirtualTime) -> HubFixture {
        var fixture = HubFixture(time: time, logLevel: .info)
        fixture.environment.policies = policies
        return fixture
    }

    /// Throws this sentence unless the condition holds.
    func require(_ condition: Bool, _ sentence: @autoclosure () -> String) throws {
        if !condition { throw PolicyViolation(description: sentence()) }
    }

    /// Moves the clock until a condition holds, by a minute at most; throws this sentence when it does not.
    func advancing(
        _ time: VirtualTime, by step: Duration = .milliseconds(250), until condition: () async throws -> Bool,
        else sentence: @autoclosure () -> String
    ) async throws {
        let end = ContinuousClock.now + patience
        while try await !condition() {
            try require(ContinuousClock.now < end, sentence())
            try await Task.sleep(for: .milliseconds(1))
            time.advance(by: step)
        }
    }

    /// Waits until a condition holds; throws this sentence when it does not.
    func eventually(_ condition: () async throws -> Bool, else sentence: @autoclosure () -> String) async throws {
        let end = ContinuousClock.now + patience
        while try await !condition() {
            try require(ContinuousClock.now < end, sentence())
            try await Task.sleep(for: .milliseconds(1))
        }
    }
}

/// A subscription without policies in the hub under test: what it has handled was published after everything else, so
/// that whatever else was to happen by then has begun.
struct Sentinel: Sendable {
    static let topic: Topic = "sentinel"
    private let handled = Recorder<MessageID>()
    private let trial: PolicyRule.Trial
    private let hub: MessageHub

    init(in hub: MessageHub, _ trial: PolicyRule.Trial = .init()) async throws {
        self.trial = trial
        self.hub = hub
        let handled = handled
        try await hub.subscribe(to: Self.topic, concurrency: 1) { handled.add($0.message.id) }
    }

    /// Moves the clock by this much, in steps, with a message of its own after each.
    func pass(_ duration: Duration, on time: VirtualTime, steps: Int = 8) async throws {
        for _ in 0..<steps {
            time.advance(by: duration / steps)
            let message = Message()
            try await hub.publish(message, to: Self.topic)
            try await trial.eventually({ handled.all.contains(message.id) }, else: "the sentinel was not handled")
            for _ in 0..<20 { await Task.yield() }
        }
    }
}
