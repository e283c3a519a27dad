public import Messaging
public import MessagingReliability

extension MessageHub {
    /// In which state the circuit breaker of publishing to a topic is; nil where its route has none, or nothing has been
    /// published to it yet.
    public func circuit(of topic: Topic) -> CircuitBreaker.State? { publishers.known(topic)?.circuit?.breaker.state }
}

extension HubSubscription {
    /// In which state the circuit breaker of its handler is; nil where its route has none.
    public var circuit: CircuitBreaker.State? { breaker?.circuit.state }
}
