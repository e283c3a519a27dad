public import Messaging
public import MessagingReliability

extension RetryPolicy.Backoff: OptionValue {}

extension RetryPolicy {
    private static let day = Duration.seconds(86_400)

    /// The options of a policy whose defaults are those of another: a handler's, a publish's.
    static func options(defaults: RetryPolicy) -> BoundOptions<RetryPolicy> {
        BoundOptions([
            OptionBinding(
                Option(
                    "attempts", default: defaults.attempts, in: 1...1000, "how many runs there are, the first included"
                ).unit("runs"),
                \.attempts),
            OptionBinding(
                Option("backoff", default: defaults.backoff, "how the delay grows with the number of runs"), \.backoff),
            OptionBinding(
                Option("delay", default: defaults.delay, in: .zero...day * 30, "the delay after the first run"), \.delay
            ),
            OptionBinding(
                Option("max-delay", default: defaults.maximumDelay, in: .zero...day * 30, "no delay is longer"),
                \.maximumDelay),
            OptionBinding(
                Option(
                    "multiplier", default: defaults.multiplier, in: 1...100, "what an exponential delay grows by"),
                \.multiplier),
            OptionBinding(
                Option("jitter", default: defaults.jitter, in: 0...1, "the share of a delay that is left to chance"),
                \.jitter),
        ])
    }
}
