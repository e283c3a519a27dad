public import Messaging

extension InMemoryBroker {
    /// Takes on one message.
    @discardableResult @inline(__always)
    public func publish(
        _ message: Message, to destination: Destination, options: PublishOptions
    ) async throws(PublishFailure) -> PublishReceipt {
        if !options.positions, !isCancelled, let size = limits.plainSize(of: message) {
            let answer = doors.withLock { $0.offer(message, size: size, to: destination) }
            if let answer, answer.isAwaited { notice(at: destination) }
            if let answer, answer.taken == 1 { return PublishReceipt() }
        }
        return try await publishBySteps([message], from: 0, to: destination, options: options)
    }

    /// Takes on messages in their order. Where there is no room it waits, with what it has taken on confirmed already.
    @discardableResult
    public func publish(
        _ messages: [Message], to destination: Destination, options: PublishOptions
    ) async throws(PublishFailure) -> PublishReceipt {
        if Task.isCancelled { throw .refused(Self.cancelled, count: messages.count) }
        let answer =
            options.positions ? nil : doors.withLock { $0.offer(messages, within: limits, to: destination) }
        if let answer, answer.isAwaited { notice(at: destination) }
        if let answer, answer.taken == messages.count { return PublishReceipt() }
        return try await publishBySteps(messages, from: answer?.taken ?? 0, to: destination, options: options)
    }

    /// Takes on the messages from index `first` on, as the server finds room for them.
    private func publishBySteps(
        _ messages: [Message], from first: Int, to destination: Destination, options: PublishOptions
    ) async throws(PublishFailure) -> PublishReceipt {
        var batch = Batch(messages: messages, destination: destination, options: options, next: first)
        if Task.isCancelled {
            batch.refuseRest(Self.cancelled)
            return try batch.result()
        }
        var deadline: Duration?
        while true {
            let waiter = batch.isBlocked ? Waiter<Void>() : nil
            let step = server.change { state, effects in
                state.publish(
                    &batch, from: connection, now: { self.server.time.now }, waiter, &effects)
            }
            switch (step, waiter) {
            case (.done, _):
                return try batch.result()
            case (.offer(let intake, let disturbances), _):
                doors.withLock { $0.keep(intake, of: destination, since: disturbances) }
                let answer = intake.offer(messages, from: batch.next, within: limits)
                if answer.isAwaited { notice(at: destination) }
                batch.confirm(count: answer.taken)
                if batch.next == messages.count { return try batch.result() }
            case (.blocked, nil):
                batch.isBlocked = true
            case (.blocked(let block), let waiter?):
                let end = deadline ?? server.time.deadline(after: options.deadline)
                deadline = end
                let left = max(.zero, end - server.time.uptime)
                let limit = block.lookAgain.map { min(left, max(.zero, $0 - server.time.now)) } ?? left
                let outcome = await waiter.wait(atMost: limit, on: server.time)
                if case .value = outcome { continue }
                server.change { state, effects in state.forgetPublisher(waiter, at: block.place, &effects) }
                if case .timedOut = outcome, server.time.uptime < end { continue }
                if case .cancelled = outcome { batch.giveUp(Self.cancelled) } else { batch.giveUp(block.error) }
                return try batch.result()
            }
        }
    }

    /// As `Task.isCancelled`, without a reference counted.
    @inline(__always)
    private var isCancelled: Bool { withUnsafeCurrentTask { $0?.isCancelled ?? false } }

    private static let cancelled = BrokerError(
        .cancelled, "the task was cancelled before this was sent", during: .publish)

    private func notice(at destination: Destination) {
        server.change { state, effects in state.notice(at: destination, &effects) }
    }
}

/// The way to the queue that a connection published to last, because the next is most often the same.
struct Doors: Sendable {
    private var destination: Destination?
    private(set) var intake: Intake?
    /// The same, to be used without a reference counted; it lives as long as `intake` stands beside it.
    private var door: Unmanaged<Intake>?
    private var isClosed = false
    /// How often the link had been disturbed when it was closed last.
    private var disturbances = 0

    /// Offers a message to the intake of the destination; nil when it is not known here.
    @inline(__always)
    func offer(_ message: Message, size: Int, to destination: Destination) -> Intake.Answer? {
        guard self.destination == destination, let door else { return nil }
        return door._withUnsafeGuaranteedRef { $0.offer(message, size: size) }
    }

    /// The same with several, as far as they are of the common kind.
    func offer(_ messages: [Message], within limits: BrokerLimits, to destination: Destination) -> Intake.Answer? {
        guard self.destination == destination, let door else { return nil }
        return door._withUnsafeGuaranteedRef { $0.offer(messages, within: limits) }
    }

    mutating func keep(_ intake: Intake?, of destination: Destination, since disturbances: Int) {
        if intake == nil || isClosed || disturbances < self.disturbances { return }
        self.destination = destination
        self.intake = intake
        door = intake.map { Unmanaged.passUnretained($0) }
    }

    /// The connection has ended.
    mutating func close() {
        close(before: .max)
        isClosed = true
    }

    /// The link was disturbed: what was found before is not to be used.
    mutating func close(before disturbances: Int) {
        destination = nil
        intake = nil
        door = nil
        self.disturbances = max(self.disturbances, disturbances)
    }
}

/// A publish of several messages: how far it has come, and what was refused.
struct Batch: Sendable {
    let messages: [Message]
    let destination: Destination
    let options: PublishOptions
    var isBlocked = false
    var next = 0
    var failures: [Int: PublishFailure.Outcome] = [:]
    var positions: [Position] = []
    /// On a destination that keeps order: keys of which a message was refused.
    var refusedKeys: Set<String?> = []

    /// Why a message of a key may not follow what was refused before it; nil where it may.
    func refusalOfOrder(_ key: String?, _ order: DestinationDeclaration.Order) -> BrokerError? {
        if refusedKeys.isEmpty { return nil }
        switch order {
        case .none: return nil
        case .perKey where !refusedKeys.contains(key): return nil
        case .perKey: return BrokerError(.orderKept, "an earlier message of key \(key ?? "none") was refused")
        case .all: return BrokerError(.orderKept, "an earlier message was refused, and all keep one order")
        }
    }

    mutating func confirm(_ position: Position) {
        if options.positions { positions.append(position) }
        next += 1
    }

    /// Confirms as many, of which none has a position.
    mutating func confirm(count: Int) {
        if options.positions { positions += repeatElement(.none, count: count) }
        next += count
    }

    mutating func refuse(_ error: BrokerError) {
        failures[next] = .refused(error.during(.publish))
        if options.positions { positions.append(.none) }
        next += 1
    }

    /// It was sent, and no answer has come: how often its connection had been lost by then.
    var sentAfterLosses: Int?

    /// Nobody knows what became of the rest.
    mutating func doubtRest(_ error: BrokerError) {
        while next < messages.count {
            failures[next] = .unknown(error.during(.publish))
            if options.positions { positions.append(.none) }
            next += 1
        }
    }

    /// The answer to the whole call was lost: nobody knows what became of what was not refused.
    mutating func doubtConfirmed(_ error: BrokerError) {
        for index in messages.indices where failures[index] == nil {
            failures[index] = .unknown(error.during(.publish))
        }
    }

    /// The publisher waits no longer.
    mutating func giveUp(_ error: BrokerError) {
        if sentAfterLosses == nil { refuseRest(error) } else { doubtRest(error) }
    }

    mutating func refuseRest(_ error: BrokerError) { while next < messages.count { refuse(error) } }

    func result() throws(PublishFailure) -> PublishReceipt {
        if !failures.isEmpty { throw PublishFailure(failures, of: messages.count) }
        return PublishReceipt(positions: positions)
    }
}

extension ServerState {
    /// What a publish does next.
    enum Step: Sendable {
        case done
        /// There is room in a queue: the intake is open, and takes the next messages without the server.
        case offer(Intake, disturbances: Int)
        case blocked(Block)
    }

    /// What a publish waits for: room in a place, or the server.
    struct Block: Sendable {
        let place: Place?
        let error: BrokerError
        /// When to look again, though nobody has said so.
        var lookAgain: Timestamp?
    }

    /// Takes on as much of a batch as there is room for. Where it is blocked, `waiter` is told when to go on.
    mutating func publish(
        _ batch: inout Batch, from connection: Int, now: () -> Timestamp, _ waiter: Waiter<Void>?,
        _ effects: inout Effects
    ) -> Step {
        if !isSmooth || batch.sentAfterLosses != nil,
            let step = publishDisturbed(&batch, from: connection, waiter, &effects)
        {
            return step
        }
        if let problem = problem(with: connection) {
            guard connections[connection].status == .up else {
                batch.refuseRest(problem)
                return .done
            }
            if let waiter { waitingForServer.append(waiter) }
            return .blocked(Block(place: nil, error: problem))
        }
        let place: Place?
        switch target(batch.destination, from: connection) {
        case .failure(let error):
            batch.refuseRest(error)
            return .done
        case .success(let found): place = found
        }
        let order = place.map { declaration(at: $0).order } ?? .none
        let messages = batch.messages
        while batch.next < messages.count {
            if let intake = openIntake(at: place, for: batch, from: connection) {
                return .offer(intake, disturbances: connections[connection].disturbances)
            }
            let message = messages[batch.next]
            if let error = batch.refusalOfOrder(message.key, order) {
                batch.refuse(error)
                continue
            }
            if let error = refusal(of: message, to: batch.destination, at: place, from: connection, now: now) {
                if order != .none { batch.refusedKeys.insert(message.key) }
                batch.refuse(error)
                continue
            }
            switch admit(consume message, to: batch.destination, at: place, now: now, &effects) {
            case .stored(let position): batch.confirm(position)
            case .refused(let error):
                if order != .none { batch.refusedKeys.insert(messages[batch.next].key) }
                batch.refuse(error)
            case .full(let full):
                if let waiter { enqueue(waiter, at: full) }
                let sentence = "has been full up to the deadline; consume from it, or raise its limits"
                return .blocked(
                    Block(
                        place: full, error: BrokerError(.resourceExhausted, "\(batch.destination) \(sentence)"),
                        lookAgain: roomAt(full)))
            }
        }
        if !isSmooth { tearAnswer(to: &batch, from: connection, &effects) }
        return .done
    }

    /// The intake of a queue that is bound to nothing, open, where the next message is of the common kind and fits.
    private mutating func openIntake(at place: Place?, for batch: Batch, from connection: Int) -> Intake? {
        guard case .queue(let inbox) = place, !hasBindings, connections[connection].tear == nil,
            !batch.options.positions, batch.refusedKeys.isEmpty,
            connections[connection].takesNullBodies,
            let size = connections[connection].limits.plainSize(of: batch.messages[batch.next]),
            inboxes[inbox].openIntake(toFit: size)
        else { return nil }
        return inboxes[inbox].intake
    }

    /// Something has come in for a queue, and somebody waits for it.
    mutating func notice(at destination: Destination, _ effects: inout Effects) {
        guard case .queue(let inbox) = places[destination] else { return }
        wakeAwaiting(inbox, &effects)
    }

    private mutating func wakeAwaiting(_ inbox: Int, _ effects: inout Effects) {
        let count = inboxes[inbox].takeAwaited()
        if count > 0 { wakeConsumers(of: inbox, atMost: count, &effects) }
    }

    /// A publisher that waits no longer.
    mutating func forgetPublisher(_ waiter: Waiter<Void>, at place: Place?, _ effects: inout Effects) {
        if let place { forget(waiter, at: place, &effects) } else { waitingForServer.removeAll { $0 === waiter } }
    }
}
