import Messaging
import MessagingTesting

@testable import InMemoryBroker

extension Oddball {
    /// Odd in how they notice that a process has ended.
    static let ofEnds: [Oddball] = [
        Oddball("redelivers a lost hold late: it notices the end of a killed process after 60 milliseconds") {
            FlawedHarness(
                .noticingLate(.milliseconds(60)), before: InMemoryHarness(redeliveryTimeout: .milliseconds(120)))
        }
    ]
}

extension Flaw {
    /// A process that is killed falls silent, and only so much later its connection is gone.
    fileprivate static func noticingLate(_ delay: Duration) -> Flaw {
        let made = Observed<[ObjectIdentifier: [Weak]]>([:])
        var flaw = Flaw()
        flaw.subscribe = { broker, subscription in
            let consumer = try await broker.subscribe(subscription)
            if let broker = broker as? InMemoryBroker, let consumer = consumer as? InMemoryConsumer {
                made.change { $0[ObjectIdentifier(broker), default: []].append(Weak(consumer: consumer)) }
            }
            return consumer
        }
        flaw.kill = { broker, kill in
            guard let memory = broker as? InMemoryBroker else { return await kill() }
            // A dead process lets go of nothing.
            let kept = made.value[ObjectIdentifier(memory)]?.compactMap(\.consumer)
            memory.blackHole()
            _ = SystemTime.shared.alarm(at: SystemTime.shared.uptime + delay) {
                memory.crash()
                withExtendedLifetime(kept) {}
            }
        }
        return flaw
    }
}

/// A consumer, as long as somebody else has it.
private struct Weak: Sendable {
    weak var consumer: InMemoryConsumer?
}
