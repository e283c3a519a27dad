import Messaging
import MessagingReliability

extension HubObserver {
    /// Logs and measures each change of a circuit breaker, once. `side`: `publish` or `process`.
    func watching(_ side: String, _ policy: CircuitBreakerPolicy) -> @Sendable (CircuitBreaker.State) -> Void {
        let gauge = gauge("hub.\(side).circuit", unit: "{state}")
        gauge?.record(0)
        return { [self] state in
            let keys = [("hub.circuit.side", side), ("hub.circuit.state", state.rawValue)]
            switch state {
            case .closed:
                gauge?.record(0)
                self.state(.info, "circuit closed", keys)
            case .halfOpen:
                gauge?.record(1)
                self.state(.info, "circuit half open", keys + [("hub.circuit.probes", String(policy.probes))])
            case .open:
                gauge?.record(2)
                self.state(.warning, "circuit opened", keys + [("hub.circuit.reset", policy.reset.optionText)])
            }
        }
    }
}
