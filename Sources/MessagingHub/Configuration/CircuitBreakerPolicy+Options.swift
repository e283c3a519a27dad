import Messaging
import MessagingReliability

extension CircuitBreakerPolicy {
    /// The options of a circuit breaker, a handler's or a destination's.
    static let options = BoundOptions<CircuitBreakerPolicy>([
        OptionBinding(
            Option("failures", default: 5, in: 1...10_000, "how many failures in a row open it").unit(
                "failures in a row"), \.failures),
        OptionBinding(
            Option(
                "reset", default: .seconds(30), in: .milliseconds(1)...Duration.seconds(86_400),
                "how long it stays open"), \.reset),
        OptionBinding(
            Option(
                "probes", default: 1, in: 1...1000, "how many calls it then lets through; all must go well to close it"
            ).unit("calls"),
            \.probes),
    ])
}
