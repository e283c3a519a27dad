import Messaging

extension ServerState {
    /// What became of a message.
    enum Admission: Sendable {
        case stored(Position)
        /// There is no room; the waiter rings when there may be.
        case full(Place)
        case refused(BrokerError)
    }

    /// Where a publish goes, looked up once for all messages of a call.
    func target(_ destination: Destination, from connection: Int) -> Result<Place?, BrokerError> {
        if let refusal = connections[connection].limits.refusal(of: destination.topic) { return .failure(refusal) }
        if destination.kind == .pubSub {
            guard case .refused(let reason) = connections[connection].capabilities[.pubSub, .serve] else {
                return .success(nil)
            }
            return .failure(
                BrokerError(
                    .unsupported, "\(destination) needs \(BrokerCapabilities.Operation.serve.rawValue): \(reason)"))
        }
        if let place = places[destination] { return .success(place) }
        let sentence = "\(destination) does not exist; declare it"
        return .failure(BrokerError(.noSuchDestination, sentence, during: .publish))
    }

    /// Why a message is not taken on, by the limits and capabilities of this connection's broker or for the order that
    /// is kept where it goes; nil when it is.
    func refusal(
        of message: Message, to destination: Destination, at place: Place?, from connection: Int,
        now: () -> Timestamp
    ) -> BrokerError? {
        if let error = connections[connection].limits.refusal(of: message, at: now()) { return error }
        guard message.isTimed || message.body.isNull else { return nil }
        let now = now()
        if let error = connections[connection].capabilities.refusal(of: message, to: destination, at: now) {
            return error
        }
        guard message.isDelayed(at: now) else { return nil }
        for place in copies(of: destination, beside: place).union(place.map { [$0] } ?? []) {
            if case .queue(let inbox) = place, !inboxes[inbox].isOrdered { continue }
            let target = declaration(at: place).destination
            let why = keepsOrder(place) ? "keeps order, which a delay would break" : "has no delays"
            let sentence = "message \(message.id): \(target) \(why); publish it when it is due"
            return BrokerError(.unsupported, sentence, during: .publish)
        }
        return nil
    }

    func keepsOrder(_ place: Place) -> Bool { declaration(at: place).order != .none }

    /// Takes on one message, with its copies for bound destinations, or nothing of it.
    mutating func admit(
        _ message: consuming Message, to destination: Destination, at place: Place?, now: () -> Timestamp,
        _ effects: inout Effects
    ) -> Admission {
        let size = message.byteCount
        if hasBindings || destination.kind == .pubSub {
            return admitEverywhere(consume message, size: size, to: destination, at: place, now: now, &effects)
        }
        guard let place else { return .stored(.none) }
        guard makeRoom(at: place, for: size, now: now) else { return refusal(at: place) ?? .full(place) }
        return .stored(store(consume message, size: size, at: place, now: now, &effects))
    }

    private mutating func admitEverywhere(
        _ message: Message, size: Int, to destination: Destination, at place: Place?, now: () -> Timestamp,
        _ effects: inout Effects
    ) -> Admission {
        let copies = copies(of: destination, beside: place)
        for place in copies.union(place.map { [$0] } ?? []) where !makeRoom(at: place, for: size, now: now) {
            return refusal(at: place) ?? .full(place)
        }
        for copy in copies { _ = store(message, size: size, at: copy, now: now, &effects) }
        if let place { return .stored(store(message, size: size, at: place, now: now, &effects)) }
        broadcast(message, size: size, on: destination.topic, &effects)
        return .stored(.none)
    }

    /// Where what is published to a destination is copied to, because it is bound to it.
    func copies(of destination: Destination, beside place: Place?) -> Set<Place> {
        if !hasBindings { return [] }
        return Set(bindings.values(matching: destination.topic).compactMap { places[$0] }).filter { $0 != place }
    }

    /// Whether so many messages fit that are of this size together, after letting go of what may go.
    mutating func makeRoom(at place: Place, for size: Int, count: Int = 1, now: () -> Timestamp) -> Bool {
        switch place {
        case .queue(let inbox):
            if inboxes[inbox].closeIntake(toFit: size, count: count) { return true }
            return inboxes[inbox].dropExpired(at: now) && inboxes[inbox].closeIntake(toFit: size, count: count)
        case .stream(let stream):
            let isKept =
                streams[stream].declaration.retention == nil && streams[stream].hasRoom(for: size, count: count)
            if !isKept, !streams[stream].groups.isEmpty {
                streams[stream].trim(readBefore: readBefore(in: stream), toFit: size, count: count, at: now())
            }
            return streams[stream].hasRoom(for: size, count: count)
        }
    }

    /// The lowest offset of a stream that a group has not settled.
    func readBefore(in stream: Int) -> UInt64 {
        streams[stream].groups.values.compactMap { inboxes[$0].group?.low }.min() ?? streams[stream].first
    }

    /// When a full place has room though nobody does anything; nil: never.
    func roomAt(_ place: Place) -> Timestamp? {
        switch place {
        case .queue(let inbox): inboxes[inbox].nextSweep
        case .stream(let stream): streams[stream].retentionEnds(readBefore: readBefore(in: stream))
        }
    }

    /// The answer of a full destination that is declared to refuse.
    private func refusal(at place: Place) -> Admission? {
        let declaration = declaration(at: place)
        guard declaration.whenFull == .refuse else { return nil }
        return .refused(
            BrokerError(.resourceExhausted, "\(declaration.destination) is full; consume from it, or raise its limits"))
    }

    private mutating func store(
        _ message: consuming Message, size: Int, at place: Place, now: () -> Timestamp, _ effects: inout Effects
    ) -> Position {
        switch place {
        case .queue(let inbox):
            let delay = message.isTimed ? message.notBefore.flatMap { $0 > now() ? $0 : nil } : nil
            inboxes[inbox].append(consume message, size: size, notBefore: delay, now: now)
            lookLater(at: inbox, &effects)
            if inboxes[inbox].idle > 0 {
                // A delayed one is no one's yet: each of those who wait looks at its clock again.
                wakeConsumers(of: inbox, atMost: delay == nil ? 1 : .max, &effects)
            }
            return .none
        case .stream(let stream):
            let offset = streams[stream].append(consume message, size: size, at: now())
            for inbox in streams[stream].groupInboxes where inboxes[inbox].idle > 0 {
                wakeConsumers(of: inbox, atMost: 1, &effects)
            }
            for reader in streams[stream].readers { effects.wake(reader) }
            if streams[stream].readers.isEmpty == false { streams[stream].readers = [] }
            return Position(major: offset)
        }
    }

    /// Gives a message to everybody who listens now.
    private mutating func broadcast(_ message: Message, size: Int, on topic: Topic, _ effects: inout Effects) {
        for subscriber in subscribers {
            // Not by way of a copy of the consumer: its mailbox would be copied with the first letter that is added.
            guard consumers[subscriber].isLive, consumers[subscriber].hears(topic) else { continue }
            consumers[subscriber].mailbox?.append(.init(message: message, topic: topic, size: size))
            if let waiter = takeWaiter(of: subscriber) { effects.wake(waiter) }
        }
    }

    /// Registers a publisher that waits for room.
    mutating func enqueue(_ waiter: Waiter<Void>, at place: Place) {
        switch place {
        case .queue(let inbox): inboxes[inbox].publishers.append(waiter)
        case .stream(let stream): streams[stream].publishers.append(waiter)
        }
    }

    /// Forgets a publisher that waits no longer, and lets the others try in its place.
    mutating func forget(_ waiter: Waiter<Void>, at place: Place, _ effects: inout Effects) {
        switch place {
        case .queue(let inbox):
            inboxes[inbox].publishers.removeAll { $0 === waiter }
            wakePublishers(of: inbox, &effects)
        case .stream(let stream):
            streams[stream].publishers.removeAll { $0 === waiter }
            for publisher in streams[stream].publishers { effects.wake(publisher) }
            streams[stream].publishers = []
        }
    }
}
