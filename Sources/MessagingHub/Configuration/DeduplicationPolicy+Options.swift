import Messaging
import MessagingReliability

extension DeduplicationPolicy {
    private static let year = Duration.seconds(365 * 86_400)

    /// The options of a route's deduplication.
    static let options: BoundOptions<DeduplicationPolicy> = {
        let standard = DeduplicationPolicy()
        return BoundOptions([
            OptionBinding(
                Option(
                    "window", default: standard.window, in: .milliseconds(1)...year,
                    "how long a message that was handled is known again"), \.window),
            OptionBinding(
                Option(
                    "max-keys", default: standard.maximumKeys, in: 1...10_000_000,
                    "how many handled messages are known; beyond that the oldest are forgotten first"
                ).unit("messages"), \.maximumKeys),
            OptionBinding(
                Option(
                    "lease", default: standard.lease, in: .milliseconds(1)...year,
                    "after what time without a sign of life of its handler another may begin"), \.lease),
            OptionBinding(
                Option(
                    "renew", default: standard.renews, "whether the lease is renewed while the handler works"), \.renews
            ),
        ])
    }()
}
