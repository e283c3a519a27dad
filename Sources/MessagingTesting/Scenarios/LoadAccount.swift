import Messaging

/// What became of each message between a publisher and a consumer while something was disturbed.
struct LoadAccount: Sendable {
    /// When something was wrong; it may not be over.
    private struct Disturbance: Sendable {
        let began: Duration
        var healed: Duration?
    }

    private struct Reception: Sendable {
        let at: Duration
        /// When its accept was answered settled.
        var settledAt: Duration?
    }

    private var published: [MessageID: Duration] = [:]
    /// What is confirmed and not handled.
    private(set) var missing: Set<MessageID> = []
    private(set) var unknown: Set<MessageID> = []
    private(set) var refused: Set<MessageID> = []
    private(set) var handled: Set<MessageID> = []
    private(set) var duplicates = 0
    /// When the last one was published of those that are handled.
    private(set) var handledUpTo = Duration.zero
    /// What must not have happened.
    private(set) var violation: ScenarioFailure?
    private var receptions: [MessageID: Reception] = [:]
    private var disturbances: [Disturbance] = []
    private let settleLag: Duration
    var isPublishing = true
    var isConsuming = true

    init(settleLag: Duration) { self.settleLag = settleLag }

    mutating func disturb(at moment: Duration) { disturbances.append(Disturbance(began: moment)) }

    mutating func heal(at moment: Duration) {
        for index in disturbances.indices where disturbances[index].healed == nil {
            disturbances[index].healed = moment
        }
    }

    mutating func publish(_ ids: [MessageID], at moment: Duration) { for id in ids { published[id] = moment } }

    mutating func answer(_ ids: [MessageID], _ outcomes: [Int: PublishFailure.Outcome]) {
        for (index, id) in ids.enumerated() {
            switch outcomes[index] {
            case nil: if !handled.contains(id) { missing.insert(id) }
            case .unknown: unknown.insert(id)
            case .refused: refused.insert(id)
            }
        }
    }

    /// A message is handed out. It may come again only where it was in flight when something was disturbed, or settled
    /// within the settle lag before.
    mutating func receive(_ id: MessageID, at moment: Duration) {
        defer { receptions[id] = Reception(at: moment) }
        guard let earlier = receptions[id] else { return }
        duplicates += 1
        let isExcused = disturbances.contains { disturbance in
            guard disturbance.healed ?? .seconds(Int64.max / 2) >= earlier.at else { return false }
            return earlier.settledAt.map { settleLag > .zero && $0 > disturbance.began - settleLag } ?? true
        }
        if isExcused || violation != nil { return }
        let why = earlier.settledAt == nil ? "though nothing had happened to its hold" : "though it was settled before"
        violation = ScenarioFailure("a message came again \(why)", about: [id])
    }

    /// Publishing or consuming has failed.
    mutating func fail(_ error: any Error) {
        if violation == nil, !(error is CancellationError) { violation = ScenarioFailure("\(error)") }
    }

    mutating func settle(_ id: MessageID, at moment: Duration) {
        receptions[id]?.settledAt = moment
        handled.insert(id)
        missing.remove(id)
        handledUpTo = max(handledUpTo, published[id] ?? .zero)
    }
}
