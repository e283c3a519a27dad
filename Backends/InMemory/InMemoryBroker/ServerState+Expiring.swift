import Messaging

/// What expires though nobody asks for it: in queues that keep a message for some time only, and where the broker
/// dead-letters.
extension ServerState {
    /// Lets go of what has expired everywhere.
    mutating func expire(at moment: Moment, _ effects: inout Effects) {
        guard phase == .running else { return }
        for inbox in inboxes.indices where inboxes[inbox].expiresUnasked {
            let passed = inboxes[inbox].passed
            _ = inboxes[inbox].dropExpired(at: moment.now)
            if inboxes[inbox].passed != passed { announcePassed(inbox, &effects) }
            sendOff(from: inbox, at: moment, &effects)
            lookLater(at: inbox, &effects)
        }
    }

    /// Sends what has expired where the broker dead-letters. What does not fit there stays and is tried again.
    mutating func sendOff(from inbox: Int, at moment: Moment, _ effects: inout Effects) {
        guard let target = inboxes[inbox].declaration.deadLetters.destination else { return }
        let passed = inboxes[inbox].passed
        while let slot = inboxes[inbox].leaving.first, let message = inboxes[inbox].slots.message(of: slot),
            let mark = inboxes[inbox].slots.mark(of: slot)
        {
            let place = places[target]
            if place == nil, target.kind != .pubSub { break }
            let letter = letter(of: message, mark, from: inbox, "expired", within: limits(at: inbox), at: moment)
            guard case .stored = admit(letter, to: target, at: place, now: moment.now, &effects) else { break }
            inboxes[inbox].dismiss()
        }
        if inboxes[inbox].passed != passed { announcePassed(inbox, &effects) }
    }

    /// A dead letter: the message with what is said of it, as far as these limits let it carry that beside its own headers.
    /// It is not kept for what is said of it.
    func letter(
        of message: Message, _ mark: Mark, from inbox: Int, _ reason: String, within limits: BrokerLimits,
        at moment: Moment
    ) -> Message {
        var message = message
        message.expiration = nil
        message.notBefore = nil
        let origin = inboxes[inbox].declaration.destination
        let said: [(HeaderName, String)] = [
            (.deadLetterReason, reason), (.deadLetterOrigin, origin.topic.name),
            (.deadLetterAttempt, String(mark.attempt)), (.deadLetterKind, origin.kind.rawValue),
        ]
        for (name, _) in said { message.headers.removeAll(name) }
        for (name, text) in said {
            var letter = message
            letter.headers[name] = text
            if limits.refusal(of: letter, at: moment.now()) == nil { message = letter }
        }
        return message
    }

    /// The limits of a connection that has declared what an inbox is of.
    private func limits(at inbox: Int) -> BrokerLimits {
        let destination = inboxes[inbox].declaration.destination
        return connections.first { $0.declared[destination] != nil }?.limits ?? BrokerLimits()
    }

    /// Sees to it that somebody looks when the next message of an inbox expires.
    func lookLater(at inbox: Int, _ effects: inout Effects) {
        if inboxes[inbox].expiresUnasked, let moment = inboxes[inbox].nextSweep { effects.look(at: moment) }
    }

    /// The same for all of them: nobody has looked for a while.
    func lookLater(_ effects: inout Effects) { for inbox in inboxes.indices { lookLater(at: inbox, &effects) } }

    /// Whether nobody is connected, or may connect.
    var isAlone: Bool { connections.allSatisfy { $0.status == .closed || $0.status == .vacant } }
}
