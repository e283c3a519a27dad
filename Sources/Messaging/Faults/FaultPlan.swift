/// Which calls to a broker go wrong, and how: a value, drawn from a seed. The same seed gives the same schedule.
///
///     let plan = FaultPlan(seed: 7, [.publishFails: 0.1, .confirmLost: 0.05])
///
/// Whether a call goes wrong depends on the seed, the fault and the number of the call alone, not on which task makes it
/// or when: two runs that make the same calls meet the same faults.
public struct FaultPlan: Hashable, Sendable, CustomStringConvertible {
    /// What can go wrong.
    public enum Fault: String, Hashable, Sendable, CaseIterable {
        /// A publish is refused with `.unavailable`, and nothing of it is there.
        case publishFails
        /// A publish is taken, and answered `unknown`: its confirmation was lost.
        case confirmLost
        /// A receive begins later than it was called.
        case slowReceive
        /// An accept is answered `settled`, and its message is delivered again all the same.
        case duplicateDelivery
        /// The connection goes before a call, and comes back later: what is held goes back, and publishes meanwhile are
        /// refused with `.notConnected`.
        case disconnect
        /// A settlement fails with `.brokerFailure`: nothing has happened, and what was held is held still.
        case settleFails
    }

    /// What decides the schedule.
    public var seed: UInt64
    /// How many of the calls go wrong so, from 0 (none, the default) to 1 (all).
    public var shares: [Fault: Double]
    /// How much later a slow receive begins. Default: 50 ms.
    public var slowness: Duration
    /// How long a disconnection lasts. Default: 250 ms.
    public var outage: Duration

    /// A plan of these faults.
    public init(
        seed: UInt64, _ shares: [Fault: Double], slowness: Duration = .milliseconds(50),
        outage: Duration = .milliseconds(250)
    ) {
        self.seed = seed
        self.shares = shares
        self.slowness = slowness
        self.outage = outage
    }

    /// A plan in which every fault has this share.
    public static func everything(seed: UInt64, share: Double) -> FaultPlan {
        FaultPlan(seed: seed, Dictionary(uniqueKeysWithValues: Fault.allCases.map { ($0, share) }))
    }

    /// Whether the call of this number, from 0, meets this fault. Publishes, receives and settlements are numbered apart;
    /// a disconnection comes before a publish.
    public func strikes(_ fault: Fault, call number: UInt64) -> Bool {
        guard let share = shares[fault], share > 0 else { return false }
        if share >= 1 { return true }
        return Double(draw(fault, number) >> 11) < share * Double(UInt64(1) << 53)
    }

    /// The numbers, from 0, of those of the first `count` calls that meet this fault.
    public func schedule(of fault: Fault, first count: UInt64) -> [UInt64] {
        (0..<count).filter { strikes(fault, call: $0) }
    }

    /// The same bits for the same seed, fault and number (the finish of SplitMix64, twice).
    private func draw(_ fault: Fault, _ number: UInt64) -> UInt64 {
        let place = UInt64(Fault.allCases.firstIndex(of: fault) ?? 0) &+ 1
        return Self.mixed(Self.mixed(seed &+ place &* 0x9E37_79B9_7F4A_7C15) &+ number &* 0xD1B5_4A32_D192_ED03)
    }

    private static func mixed(_ bits: UInt64) -> UInt64 {
        var mixed = bits &+ 0x9E37_79B9_7F4A_7C15
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }

    /// `fault plan, seed 7: publishFails 0.1, confirmLost 0.05`: what repeats a run.
    public var description: String {
        let faults = Fault.allCases.compactMap { fault in
            shares[fault].flatMap { $0 > 0 ? "\(fault.rawValue) \($0)" : nil }
        }
        return "fault plan, seed \(seed): \(faults.isEmpty ? "nothing" : faults.joined(separator: ", "))"
    }
}
