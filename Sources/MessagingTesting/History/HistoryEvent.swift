package import Messaging

/// One thing that happened in a run.
package struct HistoryEntry: Sendable {
    /// When, since the run began.
    package var uptime: Duration
    /// To whom: a process (`p0`), a consumer (`p0.c1`), `server`.
    package var who: String
    /// What.
    package var event: HistoryEvent

    package init(uptime: Duration, who: String, event: HistoryEvent) {
        self.uptime = uptime
        self.who = who
        self.event = event
    }

    /// `12ms p0.c1 received, attempt 1, m1`, as far as it is about these messages.
    func line(about concerned: [MessageID], _ names: [MessageID: String]) -> String {
        let labels = concerned.prefix(8).map { names[$0] ?? $0.description }
        let more = concerned.count > 8 ? ", … \(concerned.count) in all" : ""
        let line = "\(uptime.inMilliseconds) \(who) \(event.text(about: Set(concerned)))"
        return labels.isEmpty ? line : "\(line) \(labels.joined(separator: ", "))\(more)"
    }
}

/// What can happen in a run. What takes time has two events, its beginning and its end, tied by the number of the call.
package enum HistoryEvent: Sendable {
    /// Anything else, in words.
    case note(String, [MessageID])
    /// These were declared.
    case declared([DestinationDeclaration])
    /// A publish was begun.
    case publishes(call: Int, to: Destination, [Sent])
    /// It has ended: nil, everything was confirmed.
    case published(call: Int, [MessageID], PublishFailure?)
    /// A consumer was made, by this process.
    case subscribed(Subscription, by: String)
    /// A receive returned these.
    case received([Received])
    /// Settlements were asked for.
    case settles(call: Int, [Asked])
    /// They were answered; outcome i belongs to settlement i.
    case answered(call: Int, [MessageID], [SettlementOutcome])
    /// A consumer, or a process, ends in order: this was begun, and is done.
    case leaves(Leaving, isDone: Bool)
    /// A destination was purged or deleted, as far as is known: the event is there twice, before and after.
    case removes(Destination, String)
    /// Something was done to it that no program does: a kill, a freeze, a cut.
    case fault(String)
    /// It was undone.
    case recovered(String)
    /// The broker reported this by itself.
    case reported(BrokerEvent)
    /// Others have a hand in this destination.
    case unjudged(Destination, String)
    /// Everything that a place still holds is being read by a new connection; `isDone`: nothing more came, or nothing
    /// more was owed.
    case drains(Place, at: Timestamp, isDone: Bool)

    /// How something ends in order.
    package enum Leaving: String, Sendable {
        case stop = "stops"
        case cancel = "is cancelled"
        case letGo = "is let go of"
        case close = "closes"
    }
}

/// What the rules need to know of a message that is published.
package struct Sent: Sendable {
    package var id: MessageID
    package var key: String?
    package var notBefore: Timestamp?
    package var expires: Bool
    package var priority: UInt8
    package var isDurable: Bool

    package init(_ message: Message) {
        id = message.id
        key = message.key
        notBefore = message.notBefore
        expires = message.expiration != nil
        priority = message.priority
        isDurable = message.deliveryMode == .persistent
    }

    /// A message whose order nothing but its key decides.
    var isPlain: Bool { notBefore == nil && !expires && priority == 0 }
}

/// A delivery.
package struct Received: Sendable {
    package var id: MessageID
    package var receipt: Receipt
    package var attempt: Int32
    package var lane: Int32
    package var position: Position
    /// Where from, when the subscription is to a pattern.
    package var topic: Topic?

    package init(_ delivery: Delivery) {
        id = delivery.message.id
        receipt = delivery.receipt
        attempt = delivery.attempt
        lane = delivery.lane
        position = delivery.position
        topic = delivery.topic
    }
}

/// A settlement that was asked for.
package struct Asked: Sendable {
    /// What it does to the message.
    package enum Word: Sendable {
        case accept, release, discard
        case retry(after: Duration)
        case forward([(Sent, Destination)])

        package init(_ settlement: Settlement) {
            self =
                switch settlement {
                case .accept: .accept
                case .release: .release
                case .retry(let delay, _): .retry(after: delay)
                case .forward(let outgoing): .forward(outgoing.map { (Sent($0.message), $0.destination) })
                case .discard: .discard
                }
        }

        /// After it the message is done.
        var isFinal: Bool {
            switch self {
            case .accept, .forward, .discard: true
            case .release, .retry: false
            }
        }
    }

    package var id: MessageID
    package var receipt: Receipt
    package var word: Word

    package init(_ id: MessageID, _ receipt: Receipt, _ word: Word) {
        self.id = id
        self.receipt = receipt
        self.word = word
    }
}
