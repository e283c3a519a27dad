package import Messaging

/// One consumer of a scenario, whose calls are bounded and written into the history. Letting go of it lets go of the
/// consumer.
package final class Member: Sendable {
    package let consumer: any MessageConsumer
    package let name: String
    package let place: Place
    private let time: any TimeSource
    private let patience: Duration

    init(
        _ consumer: any MessageConsumer, name: String, place: Place, time: any TimeSource, patience: Duration
    ) {
        self.consumer = consumer
        self.name = name
        self.place = place
        self.time = time
        self.patience = patience
    }

    /// One receive. Throws `BrokerError`.
    package func receive(upTo limit: Int = 1, within wait: Duration) async throws -> [Delivery] {
        let (consumer, name) = (consumer, name)
        let deliveries = try await time.bounded("\(name): receive within \(wait.optionText)", within: wait + patience) {
            try await consumer.receive(upTo: limit, within: wait)
        }
        if deliveries.count > limit {
            let ids = deliveries.map(\.message.id)
            throw ScenarioFailure("receive(upTo: \(limit)) returned \(deliveries.count) deliveries", about: ids)
        }
        return deliveries
    }

    /// Receives until there are `count`; fails when none has come for as long as the patience lasts.
    package func take(_ count: Int) async throws -> [Delivery] {
        var taken: [Delivery] = []
        var end = time.uptime + patience
        while taken.count < count {
            let rest = end - time.uptime
            if rest <= .zero {
                let sentence =
                    "\(name) received \(taken.count) of \(count) from \(place), and then none for \(patience.optionText)"
                throw ScenarioFailure(sentence, about: taken.map(\.message.id))
            }
            let more = try await receive(upTo: count - taken.count, within: rest)
            if !more.isEmpty { end = time.uptime + patience }
            taken += more
        }
        return taken
    }

    /// Receives one; fails when none comes in time.
    package func takeOne() async throws -> Delivery {
        guard let delivery = try await take(1).first else { throw ScenarioFailure("\(name) received nothing") }
        return delivery
    }

    /// Receives until nothing has come for `quiet`.
    package func takeAll(quiet: Duration, upTo limit: Int = 256) async throws -> [Delivery] {
        var taken: [Delivery] = []
        while true {
            let more = try await receive(upTo: limit, within: quiet)
            if more.isEmpty { return taken }
            taken += more
        }
    }

    /// Settles in one call; outcome i answers settlement i.
    package func settle(_ settlements: [(Delivery, Settlement)]) async throws -> [SettlementOutcome] {
        let asked = settlements.map { ReceiptSettlement($0.0.receipt, $0.1) }
        let (consumer, name) = (consumer, name)
        let outcomes = try await time.bounded("\(name): settle of \(asked.count)", within: patience) {
            await consumer.settle(asked)
        }
        guard outcomes.count == asked.count else {
            throw ScenarioFailure("settle answered \(outcomes.count) of \(asked.count) settlements")
        }
        return outcomes
    }

    /// Settles one, by the call for one.
    package func settle(_ delivery: Delivery, _ settlement: Settlement) async throws -> SettlementOutcome {
        let (consumer, name, receipt) = (consumer, name, delivery.receipt)
        let outcome = try await time.bounded("\(name): settle", within: patience) {
            await consumer.settle(receipt, as: settlement)
        }
        return outcome
    }

    /// Settles and fails unless the answer is `settled`.
    package func settled(_ delivery: Delivery, _ settlement: Settlement) async throws {
        let outcome = try await settle(delivery, settlement)
        if outcome == .settled { return }
        throw ScenarioFailure(
            "\(settlement.word) of a held delivery was answered \(outcome), not settled", about: [delivery.message.id])
    }

    /// Accepts all in one call and fails unless every answer is `settled`.
    package func accept(_ deliveries: [Delivery]) async throws {
        let outcomes = try await settle(deliveries.map { ($0, .accept) })
        for (delivery, outcome) in zip(deliveries, outcomes) where outcome != .settled {
            throw ScenarioFailure(
                "accept of a held delivery was answered \(outcome), not settled", about: [delivery.message.id])
        }
    }

    package func holds(_ delivery: Delivery) -> Bool { consumer.holds(delivery.receipt) }

    package func stop() async throws {
        let consumer = consumer
        try await time.bounded("\(name): stop", within: patience) { await consumer.stop() }
    }

    package func cancel() async throws {
        let consumer = consumer
        try await time.bounded("\(name): cancel", within: patience) { await consumer.cancel() }
    }
}

extension Settlement {
    /// The settlement in a word or two.
    package var word: String {
        switch self {
        case .accept: "accept"
        case .release: "release"
        case .retry(let delay, _): "retry after \(delay.optionText)"
        case .forward(let outgoing): "forward of \(outgoing.count)"
        case .discard: "discard"
        }
    }
}
