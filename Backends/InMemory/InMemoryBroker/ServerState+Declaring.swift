import Messaging

extension ServerState {
    /// Makes what is missing; the sentence of what conflicts. Nothing is made when anything conflicts.
    mutating func declare(
        _ declarations: [DestinationDeclaration], _ effects: inout Effects
    ) -> BrokerError? {
        for declaration in declarations {
            if let problem = problem(in: declaration) { return problem.during(.declare) }
        }
        for declaration in declarations where declaration.destination.kind != .pubSub {
            switch places[declaration.destination] {
            case .queue:
                break
            case .stream(let stream):
                addGroups(of: declaration, to: stream, &effects)
            case nil where declaration.destination.kind == .queue:
                let inbox = inboxes.place(
                    Inbox(declaration, maximumMessages: maximumMessages, maximumBytes: maximumBytes))
                places[declaration.destination] = .queue(inbox)
            case nil:
                let stream = streams.place(
                    StreamLog(declaration, maximumMessages: maximumMessages, maximumBytes: maximumBytes))
                places[declaration.destination] = .stream(stream)
                addGroups(of: declaration, to: stream, &effects)
            }
        }
        if hasBindings || declarations.contains(where: { !$0.bindings.isEmpty }) { bind() }
        return nil
    }

    private mutating func addGroups(of declaration: DestinationDeclaration, to stream: Int, _ effects: inout Effects) {
        for (name, group) in declaration.groups.sorted(by: { $0.key.name < $1.key.name }) {
            let log = streams[stream]
            guard log.groups[name] == nil, let start = try? log.offset(of: group.start) else { continue }
            var declaration = log.declaration
            declaration.groups = [name: group]
            let inbox = inboxes.place(
                Inbox(
                    declaration,
                    group: .init(name: name, stream: stream, filter: group.filter, cursor: start, low: start),
                    maximumMessages: .max, maximumBytes: .max))
            streams[stream].groups[name] = inbox
            attachPatterns(to: inbox, &effects)
        }
    }

    /// Consumers of a pattern receive from what is declared after they came, too.
    private mutating func attachPatterns(to inbox: Int, _ effects: inout Effects) {
        let box = inboxes[inbox]
        for (id, consumer) in consumers.enumerated() {
            guard consumer.isLive, !connections[consumer.broker].isLost,
                case .pattern(let pattern, .stream) = consumer.subscription.source,
                consumer.subscription.group == box.group?.name, pattern.matches(box.declaration.destination.topic)
            else { continue }
            consumers[id].inboxes.append(inbox)
            inboxes[inbox].members.append(id)
            if consumer.isIdle { inboxes[inbox].idle += 1 }
        }
        if box.hasReady(log(of: inbox)) { wakeConsumers(of: inbox, atMost: .max, &effects) }
    }

    private mutating func bind() {
        var all: [(TopicPattern, Destination)] = []
        for (destination, place) in places {
            switch place {
            case .queue(let inbox): all += inboxes[inbox].declaration.bindings.map { ($0, destination) }
            case .stream(let stream): all += streams[stream].declaration.bindings.map { ($0, destination) }
            }
        }
        hasBindings = !all.isEmpty
        if hasBindings { closeIntakes() }
        bindings = PatternTrie()
        for (pattern, destination) in all { bindings.insert(pattern, destination) }
    }

    /// From now on every publish needs the server.
    mutating func closeIntakes() { for inbox in inboxes.indices { inboxes[inbox].closeIntake() } }

    private func problem(in declaration: DestinationDeclaration) -> BrokerError? {
        let destination = declaration.destination
        if let problem = destination.topic.problem ?? declaration.problem { return problem }
        switch places[destination] {
        case .queue(let inbox):
            return inboxes[inbox].declaration.conflict(with: declaration)
        case .stream(let stream):
            let log = streams[stream]
            return log.declaration.conflict(with: declaration) ?? filterConflict(declaration, log)
                ?? startProblem(declaration, log)
        case nil:
            return destination.kind == .stream ? startProblem(declaration, nil) : nil
        }
    }

    private func filterConflict(_ declaration: DestinationDeclaration, _ log: StreamLog) -> BrokerError? {
        for (name, group) in declaration.groups {
            guard let inbox = log.groups[name], let existing = inboxes[inbox].group, existing.filter != group.filter
            else { continue }
            let (what, is_, asked) = (
                "group \(name) of \(declaration.destination)", HeaderFilter.words(existing.filter),
                HeaderFilter.words(group.filter)
            )
            let remedy = "delete it, or declare it as it is"
            return BrokerError(.conflict, "\(what) exists with \(is_), and \(asked) is asked for; \(remedy)")
        }
        return nil
    }

    private func startProblem(_ declaration: DestinationDeclaration, _ log: StreamLog?) -> BrokerError? {
        let log = log ?? StreamLog(declaration, maximumMessages: maximumMessages, maximumBytes: maximumBytes)
        for (name, group) in declaration.groups where log.groups[name] == nil {
            do throws(BrokerError) { _ = try log.offset(of: group.start) } catch { return error }
        }
        return nil
    }

    /// Deletes a destination; its consumers end.
    mutating func delete(_ destination: Destination, _ effects: inout Effects) -> BrokerError? {
        guard let place = places.removeValue(forKey: destination) else {
            return destination.kind == .pubSub ? nil : BrokerError(.noSuchDestination, "\(destination) does not exist")
        }
        switch place {
        case .queue(let inbox):
            for publisher in inboxes[inbox].publishers { effects.wake(publisher) }
            drop(inbox, because: .ended(.deleted, "\(destination) was deleted"), &effects)
        case .stream(let stream):
            for inbox in streams[stream].groups.values {
                drop(inbox, because: .ended(.deleted, "\(destination) was deleted"), &effects)
            }
            for waiter in (streams[stream].readers) + (streams[stream].publishers) { effects.wake(waiter) }
            streams[stream] = .vacant
        }
        if hasBindings { bind() }
        return nil
    }

    mutating func drop(_ inbox: Int, because error: BrokerError, _ effects: inout Effects) {
        for member in inboxes[inbox].members {
            for cell in consumers[member].heldCells where consumers[member].holds[Int(cell)].inbox == inbox {
                consumers[member].letGo(of: cell)
            }
            if !consumers[member].isPattern {
                end(member, because: error, &effects)
            } else if let waiter = takeWaiter(of: member) {
                // It may have room again, or be at its end.
                effects.wake(waiter)
            }
            detach(member, from: inbox)
        }
        undo.removeAll { $0.inbox == inbox }
        inboxes[inbox].closeIntake()
        inboxes[inbox] = .vacant
    }

    /// A consumer no longer receives from an inbox, and waits on, if it waits.
    mutating func detach(_ member: Int, from inbox: Int) {
        if consumers[member].isIdle, consumers[member].inboxes.contains(inbox) { inboxes[inbox].idle -= 1 }
        consumers[member].inboxes.removeAll { $0 == inbox }
        consumers[member].ends[inbox] = nil
        inboxes[inbox].members.removeAll { $0 == member }
        inboxes[inbox].forgetEnd(of: member)
    }
}
