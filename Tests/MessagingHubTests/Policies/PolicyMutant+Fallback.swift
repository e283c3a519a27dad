import Messaging
import MessagingHub

extension PolicyMutant {
    static let ofFallbacks: [PolicyMutant] = [
        ofFallback(
            "a fallback that is silent", caughtBy: [(.loggedOnce, "its end was logged 0 times")]
        ) { $0.changed = { _ in } },
        ofFallback(
            "a fallback that is logged for every message", caughtBy: [(.loggedOnce, "its use was logged 4 times")]
        ) { parts in
            let changed = parts.changed
            parts.fallback = ChangedBroker(base: parts.fallback) { _ in
                changed(.fallback(because: BrokerError(.unavailable, "again")))
                return nil
            }
        },
        ofFallback(
            "a fallback that calls nothing unreachable", caughtBy: [(.diverted, "of 2 messages 0 were diverted")]
        ) { parts in
            parts.primary = DeafBroker(base: parts.primary)
        },
        ofFallback(
            "a fallback that is never left",
            caughtBy: [
                (.returned, "of the messages after its return one was diverted"),
                (.loggedOnce, "the broker did not come back"),
            ]
        ) { $0.primary = SilentBroker(base: $0.primary) },
        ofFallback(
            "a fallback that repeats what may have arrived",
            caughtBy: [(.unsure, "a message that may have arrived was diverted")]
        ) { parts in
            parts.primary = ChangedBroker(base: parts.primary) { failure in
                failure.map { .refused(BrokerError(.unavailable, $0.first.sentence)) }
            }
        },
    ]

    private static func ofFallback(
        _ fault: String, caughtBy catches: [(rule: PolicyRule, sentence: String)],
        _ spoil: @escaping @Sendable (inout FallbackParts) -> Void
    ) -> PolicyMutant {
        PolicyMutant(fault: fault, catches: catches) { policies in
            policies.fallback = { parts in
                var parts = parts
                spoil(&parts)
                return parts
            }
        }
    }
}

/// A broker that never says that it is down, and refuses for good what it cannot take then.
private final class DeafBroker: BrokerDecorator {
    let base: any MessageBroker

    init(base: any MessageBroker) { self.base = base }

    func connect(reporting: @escaping @Sendable (BrokerEvent) -> Void) async throws(BrokerError) {
        try await base.connect { event in
            if case .down = event { return }
            reporting(event)
        }
    }

    func publish(
        _ messages: [Message], to destination: Destination, options: PublishOptions
    ) async throws(PublishFailure) -> PublishReceipt {
        do throws(PublishFailure) {
            return try await base.publish(messages, to: destination, options: options)
        } catch {
            throw PublishFailure.refused(BrokerError(.invalidArgument, error.first.sentence), count: messages.count)
        }
    }
}
