import Messaging
import MessagingReliability

/// The circuit breaker of one destination that is published to: it sees what all tries of a publish have come to.
struct PublishCircuit: Sendable {
    let breaker: CircuitBreaker
    private let destination: Destination
    private let broker: BrokerName
    private let time: any TimeSource

    init(_ breaker: CircuitBreaker, for destination: Destination, at broker: BrokerName, time: any TimeSource) {
        self.breaker = breaker
        self.destination = destination
        self.broker = broker
        self.time = time
    }

    /// What the publish is to end with, or why it is refused.
    func admitted() throws(BrokerError) -> CircuitBreaker.Ticket {
        switch breaker.admit() {
        case .granted(let ticket): return ticket
        case .refused(let moment): throw refusal(until: moment)
        }
    }

    /// The publish has ended; these of its messages were not confirmed.
    func ended(_ ticket: CircuitBreaker.Ticket, _ left: [Int: PublishFailure.Outcome], of count: Int) {
        breaker.ended(ticket, Self.result(left, of: count))
    }

    /// A failure that may pass by itself is one of the destination. One that stays lies in the message: it says nothing
    /// of the destination, and no more does a publish that was cancelled. What was confirmed shows that it works.
    static func result(_ left: [Int: PublishFailure.Outcome], of count: Int) -> CircuitBreaker.Result {
        if left.values.contains(where: \.error.isRetryable) { return .failure }
        return left.count < count ? .success : .ignored
    }

    private func refusal(until moment: Duration?) -> BrokerError {
        let place = "publishing to \(destination) at broker \(broker) is not tried"
        guard let moment else {
            let sentence = "\(place): its circuit is half open, and what it lets through has not ended; repeat it soon"
            return BrokerError(.circuitOpen, sentence, during: .publish, details: ["state": "half_open"])
        }
        let wait = max(.zero, moment - time.uptime)
        let end = time.now + wait
        let sentence =
            "\(place): its circuit is open after failures in a row; the next publish is let through in \(wait.optionText),"
            + " at \(end); repeat it then"
        return BrokerError(
            .circuitOpen, sentence, during: .publish, details: ["state": "open", "retry_at": end.description])
    }
}
