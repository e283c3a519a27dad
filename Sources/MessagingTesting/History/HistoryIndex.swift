import Messaging

/// A history, sorted by what belongs together: the material of the rules.
struct HistoryIndex {
    /// What one group of a stream, a queue, or one listener of a pubSub topic was handed.
    struct Strand: Hashable {
        var destination: Destination
        var group: GroupName?
        /// Each consumer of a pubSub topic has a strand of its own.
        var listener: String?

        var text: String { Place(destination, group: group).description }
    }

    /// A message on its way into a destination: by a publish, or by a settlement that forwards.
    struct Publication {
        enum Outcome { case confirmed, refused, unknown }

        var sent: Sent
        var destination: Destination
        var by: String
        var began: Int
        var beganAt: Duration
        var ended: Int?
        var endedAt: Duration?
        var outcome = Outcome.unknown
        var isForward = false
        /// Its number within its call.
        var place = 0
    }

    /// A settlement, and its answer if there was one.
    struct Answer {
        var word: Asked.Word
        var asked: Int
        var askedAt: Duration
        var answered: Int?
        var answeredAt: Duration?
        var outcome: SettlementOutcome?

        var isSettled: Bool { outcome == .settled }
    }

    /// A delivery, and what was said about it.
    struct Hand {
        var id: MessageID
        var strand: Strand
        var consumer: String
        var entry: Int
        var uptime: Duration
        var attempt: Int32
        var answers: [Answer] = []

        /// The settlement after which the message was done here.
        var end: Answer? { answers.first { $0.isSettled && $0.word.isFinal } }
    }

    /// A consumer: what it reads, whose it is, and when it began to leave and had left.
    struct Consumer {
        var subscription: Subscription
        var peer: String
        var began: Int
        var leaves: Int?
        var left: Int?
    }

    /// From when until when something was wrong, and with whom.
    struct Fault {
        var what: String
        var who: String
        var entry: Int
        var began: Duration
        var ended: Duration?
    }

    /// A look at everything that was left in a place.
    struct Drain {
        var entry: Int
        var uptime: Duration
        var now: Timestamp
        var isDone = false
    }

    /// How long before the broker says so a connection may have been gone.
    static let noticing = Duration.seconds(10)

    let rules: HistoryRules
    var publications: [MessageID: [Publication]] = [:]
    /// What was published to each destination.
    var arrivals: [Destination: Set<MessageID>] = [:]
    var hands: [Hand] = []
    var strands: [Strand: [MessageID: [Int]]] = [:]
    var consumers: [String: Consumer] = [:]
    var faults: [Fault] = []
    var revocations: [Duration] = []
    var departures: [Int] = []
    var closed: [String: Int] = [:]
    var removed: Set<Destination> = []
    var declarations: [Destination: DestinationDeclaration] = [:]
    /// Destinations into which messages come by another way than by being published there.
    var open: Set<Destination> = []
    var unjudged: Set<Destination> = []
    var drains: [Strand: Drain] = [:]
    var forwards: [Int: [(id: MessageID, number: Int, asked: Int)]] = [:]
    var calls: [Int: [(id: MessageID, number: Int)]] = [:]
    var settling: [Int: [(hand: Int, answer: Int)?]] = [:]
    var receipts: [String: [Receipt: Int]] = [:]

    init(_ entries: [HistoryEntry], _ rules: HistoryRules) {
        self.rules = rules
        for (number, entry) in entries.enumerated() { take(entry, number) }
    }

    /// What brought a message to a destination.
    func sources(of id: MessageID, at destination: Destination) -> [Publication] {
        let all = publications[id] ?? []
        return open.contains(destination) ? all : all.filter { $0.destination == destination }
    }

    /// Whether something was wrong while a call was under way, or so soon after it that its effect may be undone.
    func isDoubtful(from began: Duration, to ended: Duration?) -> Bool {
        faults.contains { fault in
            let isBefore = ended.map { fault.began <= $0 + rules.settleLag } ?? true
            return isBefore && fault.ended.map { $0 >= began } ?? true
        }
    }

    func isDoubtful(_ answer: Answer) -> Bool { isDoubtful(from: answer.askedAt, to: answer.answeredAt) }

    /// How many faults there were between two moments.
    func faults(from began: Duration, to ended: Duration) -> Int {
        faults.count { $0.began <= ended && $0.ended.map { $0 >= began } ?? true }
    }
}
