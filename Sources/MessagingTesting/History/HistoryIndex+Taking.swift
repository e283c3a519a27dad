import Messaging

extension HistoryIndex {
    mutating func take(_ entry: HistoryEntry, _ number: Int) {
        switch entry.event {
        case .note: break
        case .declared(let all): for declaration in all { take(declaration) }
        case .publishes(let call, let destination, let sent):
            calls[call] = sent.enumerated().map { add($1, destination, entry, number, at: $0) }
        case .published(let call, _, let failure): end(call, failure, entry, number)
        case .subscribed(let subscription, let peer):
            consumers[entry.who] = Consumer(subscription: subscription, peer: peer, began: number)
        case .received(let deliveries): for delivery in deliveries { take(delivery, entry, number) }
        case .settles(let call, let asked): settling[call] = asked.enumerated().map { ask($1, $0, call, entry, number) }
        case .answered(let call, _, let outcomes): answer(call, outcomes, entry, number)
        case .leaves(let leaving, let isDone): leave(leaving, isDone, entry.who, number)
        case .removes(let destination, _): removed.insert(destination)
        case .fault(let what):
            faults.append(Fault(what: what, who: entry.who, entry: number, began: entry.uptime))
        case .recovered: recover(entry.who, entry.uptime)
        case .reported(let event): report(event, entry, number)
        case .unjudged(let destination, _): unjudged.insert(destination)
        case .drains(let place, let now, let isDone):
            let strand = Strand(destination: place.destination, group: place.group)
            if isDone {
                drains[strand]?.isDone = true
            } else {
                drains[strand] = Drain(entry: number, uptime: entry.uptime, now: now)
            }
        }
    }

    private mutating func take(_ declaration: DestinationDeclaration) {
        if !declaration.bindings.isEmpty { open.insert(declaration.destination) }
        if case .broker(let target) = declaration.deadLetters { open.insert(target) }
        var known = declarations[declaration.destination] ?? declaration
        known.groups.merge(declaration.groups) { first, _ in first }
        declarations[declaration.destination] = known
    }

    private mutating func add(
        _ sent: Sent, _ destination: Destination, _ entry: HistoryEntry, _ number: Int, at place: Int?
    ) -> (id: MessageID, number: Int) {
        let publication = Publication(
            sent: sent, destination: destination, by: entry.who, began: number, beganAt: entry.uptime,
            isForward: place == nil, place: place ?? 0)
        publications[sent.id, default: []].append(publication)
        arrivals[destination, default: []].insert(sent.id)
        return (sent.id, (publications[sent.id]?.count ?? 1) - 1)
    }

    private mutating func end(_ call: Int, _ failure: PublishFailure?, _ entry: HistoryEntry, _ number: Int) {
        for (index, known) in (calls[call] ?? []).enumerated() {
            let outcome: Publication.Outcome =
                switch failure?.outcomes[index] {
                case nil: .confirmed
                case .refused: .refused
                case .unknown: .unknown
                }
            end(known, outcome, entry, number)
        }
    }

    private mutating func end(
        _ known: (id: MessageID, number: Int), _ outcome: Publication.Outcome, _ entry: HistoryEntry, _ number: Int
    ) {
        publications[known.id]?[known.number].outcome = outcome
        publications[known.id]?[known.number].ended = number
        publications[known.id]?[known.number].endedAt = entry.uptime
    }

    private mutating func take(_ delivery: Received, _ entry: HistoryEntry, _ number: Int) {
        guard let subscription = consumers[entry.who]?.subscription else { return }
        let destination: Destination
        switch subscription.source {
        case .destination(let source): destination = source
        case .pattern(_, let kind):
            guard let topic = delivery.topic else { return }
            destination = Destination(topic, kind)
        }
        let listener = destination.kind == .pubSub ? entry.who : nil
        let strand = Strand(destination: destination, group: subscription.group, listener: listener)
        strands[strand, default: [:]][delivery.id, default: []].append(hands.count)
        receipts[entry.who, default: [:]][delivery.receipt] = hands.count
        hands.append(
            Hand(
                id: delivery.id, strand: strand, consumer: entry.who, entry: number, uptime: entry.uptime,
                attempt: delivery.attempt))
    }

    private mutating func ask(
        _ asked: Asked, _ index: Int, _ call: Int, _ entry: HistoryEntry, _ number: Int
    ) -> (hand: Int, answer: Int)? {
        if case .forward(let outgoing) = asked.word {
            for (sent, destination) in outgoing {
                let known = add(sent, destination, entry, number, at: nil)
                forwards[call, default: []].append((known.id, known.number, index))
            }
        }
        guard let hand = receipts[entry.who]?[asked.receipt] else { return nil }
        hands[hand].answers.append(Answer(word: asked.word, asked: number, askedAt: entry.uptime))
        return (hand, hands[hand].answers.count - 1)
    }

    private mutating func answer(
        _ call: Int, _ outcomes: [SettlementOutcome], _ entry: HistoryEntry, _ number: Int
    ) {
        for (place, outcome) in zip(settling[call] ?? [], outcomes) {
            guard let place else { continue }
            hands[place.hand].answers[place.answer].answered = number
            hands[place.hand].answers[place.answer].answeredAt = entry.uptime
            hands[place.hand].answers[place.answer].outcome = outcome
        }
        for forward in forwards[call] ?? [] where outcomes.indices.contains(forward.asked) {
            let outcome: Publication.Outcome =
                switch outcomes[forward.asked] {
                case .settled: .confirmed
                case .stale: .refused
                case .failed: .unknown
                }
            end((forward.id, forward.number), outcome, entry, number)
        }
    }

    private mutating func leave(_ leaving: HistoryEvent.Leaving, _ isDone: Bool, _ who: String, _ number: Int) {
        departures.append(number)
        if leaving == .close {
            if isDone, closed[who] == nil { closed[who] = number }
            for (name, consumer) in consumers where consumer.peer == who && consumer.leaves == nil {
                consumers[name]?.leaves = number
            }
            return
        }
        if consumers[who]?.leaves == nil { consumers[who]?.leaves = number }
        if isDone, leaving == .cancel, consumers[who]?.left == nil { consumers[who]?.left = number }
    }

    private mutating func recover(_ who: String, _ uptime: Duration) {
        for index in faults.indices where faults[index].who == who && faults[index].ended == nil {
            faults[index].ended = uptime
        }
    }

    private mutating func report(_ event: BrokerEvent, _ entry: HistoryEntry, _ number: Int) {
        let who = "the connection of \(entry.who)"
        switch event {
        case .down:
            let isExplained = faults.contains { $0.ended == nil }
            let began = isExplained ? entry.uptime : max(.zero, entry.uptime - Self.noticing)
            faults.append(Fault(what: "is down", who: who, entry: number, began: began))
        case .up: recover(who, entry.uptime)
        case .revoked: revocations.append(entry.uptime)
        default: break
        }
    }
}
