import InMemoryBroker
import Messaging
import MessagingTesting

/// Consumers that come and go in every way, and settle in every way.
extension StressRun {
    func consume(_ place: Destination, _ id: Int) async {
        var random = SeededGenerator(seed: UInt64(seed * 1000 + 900 + id))
        while !Task.isCancelled {
            do {
                let broker = try await connect()
                let consumer = try await broker.subscribe(
                    Subscription(
                        place, group: place.kind == .stream ? "all" : nil,
                        window: Int.random(in: 1...32, using: &random),
                        windowBytes: Int.random(in: 30...2000, using: &random)))
                for _ in 0..<Int.random(in: 1...40, using: &random) {
                    let limit = Int.random(in: 1...20, using: &random)
                    let deliveries = try await consumer.receive(upTo: limit, within: .seconds(60))
                    await handle(deliveries, of: place, on: consumer, &random)
                }
                switch Int.random(in: 0..<4, using: &random) {
                case 0: await consumer.cancel()
                case 1: await broker.close(within: .seconds(1))
                case 2: broker.crash()
                default: await consumer.stop()
                }
            } catch {
                // The server is down, or the queue was deleted: again, a little later.
                try? await SystemTime.shared.sleep(for: .microseconds(200))
            }
        }
    }

    private func handle(
        _ deliveries: [Delivery], of place: Destination, on consumer: any MessageConsumer,
        _ random: inout SeededGenerator
    ) async {
        let isOrdered = place == Self.ordered || place == Self.stream
        // What is given up where order is kept is given up with all that follows.
        let kept = isOrdered ? deliveries.prefix(Int.random(in: 0...deliveries.count, using: &random)) : deliveries[...]
        if Bool.random(using: &random) {
            let began = SystemTime.shared.uptime
            let outcomes = await consumer.settle(kept.map { ReceiptSettlement($0.receipt, .accept) })
            for (delivery, outcome) in zip(kept, outcomes) where outcome == .settled {
                accepted(delivery, at: place, since: began)
            }
        } else {
            for delivery in kept {
                let settlement = isOrdered ? .accept : settlement(of: delivery, at: place, &random)
                let began = SystemTime.shared.uptime
                guard await consumer.settle(delivery.receipt, as: settlement) == .settled else { continue }
                switch settlement {
                case .accept: accepted(delivery, at: place, since: began)
                case .forward: accepted(delivery, at: place, since: began, forwarded: true)
                default: break
                }
            }
        }
        _ = await consumer.settle(deliveries.map { ReceiptSettlement($0.receipt, .release) })
    }

    private func settlement(
        of delivery: Delivery, at place: Destination, _ random: inout SeededGenerator
    ) -> Settlement {
        switch Int.random(in: 0..<10, using: &random) {
        case 0: .release
        case 1: .retry(after: .microseconds(Int.random(in: 0...2000, using: &random)), failure: nil)
        case 2 where place == Self.plain: .forward([Outgoing(delivery.message, to: Self.sink)])
        default: .accept
        }
    }

    /// `began` is when the call that settled it was made. What was accepted by a call that was not over then may have been
    /// accepted by the server later: a server that is killed gives what follows to another consumer at once.
    private func accepted(
        _ delivery: Delivery, at place: Destination, since began: Duration, forwarded: Bool = false
    ) {
        let body = delivery.message.body.text ?? ""
        let parts = body.split(separator: "|")
        let origin = place == Self.sink ? Self.plain : place
        account.withLock { account in
            if parts.first.map(String.init) != origin.topic.name { account.problems.append("\(body) came to \(place)") }
            if place == Self.churned { return }
            if forwarded { account.forwarded.insert(body) }
            let isFirst =
                place == Self.sink
                ? account.drained.insert(body).inserted : account.handled.insert(body).inserted
            if !isFirst { account.problems.append("\(body) was accepted twice at \(place)") }
            guard place == Self.ordered || place == Self.stream, parts.count > 2, let number = Int(parts[2]) else {
                return
            }
            let line = "\(place) \(parts[1])"
            if let last = account.last[line], last.number > number {
                if last.known < began { account.problems.append("\(body) was accepted after \(last.number)") }
                return
            }
            account.last[line] = (number, known: SystemTime.shared.uptime)
        }
    }
}
