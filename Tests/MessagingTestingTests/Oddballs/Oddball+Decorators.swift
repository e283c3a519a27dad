import InMemoryBroker
import Messaging
import MessagingHub
import MessagingTesting

extension Oddball {
    /// Everything through a wrapper that changes nothing: no call may get lost in one.
    static let ofDecorators: [Oddball] = [
        Oddball(
            "has another broker to stand in for it, which is never needed",
            decorating: { broker in
                let spare = InMemoryBroker(spareServer)
                return LaunchedBroker(
                    FailoverBroker(broker, fallback: spare) { _ in },
                    kill: {
                        broker.crash()
                        spare.crash()
                    })
            }),
        Oddball(
            "goes wrong by a plan without a fault",
            decorating: { broker in
                LaunchedBroker(FaultyBroker(broker, FaultPlan(seed: 1, [:])), kill: { broker.crash() }, link: broker)
            }),
        Oddball("is used through middlewares that change nothing", [.hub]) {
            var flaw = Flaw()
            flaw.watch = { $0.middlewares += [PassingMiddleware(), PassingMiddleware()] }
            return FlawedHarness.odd(flaw)
        },
    ]

    private static let spareServer = InMemoryServer()
}

/// The in-memory harness, with each of its brokers inside another one.
struct DecoratedHarness: ConformanceHarness {
    private let base = InMemoryHarness(InMemoryServer(heartbeat: .milliseconds(200), maximumMessages: 131_072))
    let decorate: @Sendable (InMemoryBroker) -> LaunchedBroker

    var name: String { base.name }
    var redeliveryTimeout: Duration { base.redeliveryTimeout }
    var heartbeat: Duration { base.heartbeat }
    var surroundings: Surroundings { base.surroundings }

    func launch() async throws -> LaunchedBroker { decorate(InMemoryBroker(base.memory)) }
}

/// Goes on to the next, and says what that said.
private struct PassingMiddleware: Middleware {}
