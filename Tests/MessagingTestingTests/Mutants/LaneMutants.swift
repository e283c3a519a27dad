import Messaging
import MessagingTesting

extension Mutant {
    /// Flaws of a broker that spreads its destinations over two lanes.
    static let lanes: [Mutant] = [
        Mutant(
            "holds says true of revoked lanes",
            caughtBy: [.init(8, "holds says true of a delivery of a revoked lane")], spoiling: [20, 103],
            for: [.queue, .stream]
        ) { LaneSharing(.holdsOn).flaw },
        Mutant(
            "a revoked lane has no grace",
            caughtBy: [.init(8, "within the grace of its lane an accept was answered stale, not settled")],
            spoiling: [20, 49, 103],
            for: [.queue, .stream]
        ) { LaneSharing(.noGrace).flaw },
        Mutant(
            "after the grace of a revoked lane its settlements are answered settled",
            caughtBy: [.init(8, "after the grace of its lane an accept was answered settled, not stale")],
            spoiling: [20, 49, 103],
            for: [.queue, .stream]
        ) { LaneSharing(.answersOn).flaw },
        Mutant(
            "nobody is told that lanes are revoked",
            caughtBy: [.init(8, "a second member joined, and none of 2 lanes was revoked")], spoiling: [20, 49, 103],
            for: [.queue, .stream]
        ) { LaneSharing(.silent).flaw },
    ]
}

/// Makes a broker of one lane one of two: a member that joins is given the second, of which the others lose what they
/// hold, 100 ms later. Right, but for one thing.
final class LaneSharing: Sendable {
    enum Wrong: Sendable {
        case nothing
        case holdsOn
        case noGrace
        case answersOn
        case silent
    }

    private struct Member: Sendable {
        let label: String
        let broker: ObjectIdentifier
        let lanes: Observed<[Receipt: Int32]>
        let revoked: Observed<[Receipt: Duration]>
        let giveBack: @Sendable ([Receipt]) async -> Void
    }

    private static let grace = Duration.milliseconds(100)
    private let wrong: Wrong
    private let members = Observed<[Member]>([])
    private let reports = Observed<[ObjectIdentifier: @Sendable (BrokerEvent) -> Void]>([:])

    init(_ wrong: Wrong) { self.wrong = wrong }

    var flaw: Flaw {
        var flaw = Flaw()
        flaw.limits = { $0.revokeGrace = Self.grace }
        flaw.connect = { broker, reporting in
            self.reports.change { $0[ObjectIdentifier(broker as AnyObject)] = reporting }
            try await broker.connect(reporting: reporting)
        }
        flaw.subscribe = { broker, subscription in
            let consumer = try await broker.subscribe(subscription)
            if subscription.kind == .pubSub { return consumer }
            self.revoke(for: subscription.label)
            let member = Member(
                label: subscription.label, broker: ObjectIdentifier(broker as AnyObject), lanes: Observed([:]),
                revoked: Observed([:]), giveBack: Self.giveBack(to: consumer))
            self.members.change { $0.append(member) }
            return self.sharing(consumer, member)
        }
        return flaw
    }

    /// Another member joins: what is held of the second lane is to be given up.
    private func revoke(for label: String) {
        let now = SystemTime.shared.uptime
        for member in members.value where member.label == label {
            let lost = member.lanes.value.filter { $0.value == 1 }.keys
            if lost.isEmpty { continue }
            member.revoked.change { revoked in for receipt in lost { revoked[receipt] = now } }
            if wrong != .silent { reports.value[member.broker]?(.revoked(subscription: label, lanes: [1])) }
        }
    }

    /// Does not keep a consumer that its program lets go of.
    private static func giveBack(to consumer: any MessageConsumer) -> @Sendable ([Receipt]) async -> Void {
        guard let object = consumer as? any MessageConsumer & AnyObject else { return { _ in } }
        return { [weak object] receipts in
            _ = await object?.settle(receipts.map { ReceiptSettlement($0, .release) })
        }
    }

    /// Gives back what is beyond its grace, of every member.
    private func giveBackWhatIsLate() async {
        let now = SystemTime.shared.uptime
        for member in members.value {
            let late = member.revoked.value.filter { now - $0.value > Self.grace }.map(\.key)
            if !late.isEmpty { await member.giveBack(late) }
        }
    }

    private func sharing(_ base: any MessageConsumer, _ member: Member) -> FlawedConsumer {
        let wrong = wrong
        var consumer = FlawedConsumer(base: base)
        consumer.holds = { base, receipt in
            base.holds(receipt) && (wrong == .holdsOn || member.revoked.value[receipt] == nil)
        }
        consumer.settle = { base, settlements in
            if wrong == .noGrace { await member.giveBack(Array(member.revoked.value.keys)) }
            await self.giveBackWhatIsLate()
            let outcomes = await base.settle(settlements)
            member.lanes.change { lanes in for settlement in settlements { lanes[settlement.receipt] = nil } }
            return zip(settlements, outcomes).map { settlement, outcome in
                let wasRevoked = member.revoked.value[settlement.receipt] != nil
                return wrong == .answersOn && wasRevoked && outcome == .stale ? .settled : outcome
            }
        }
        consumer.receive = { base, limit, wait in
            let end = SystemTime.shared.uptime + wait
            while true {
                await self.giveBackWhatIsLate()
                let rest = max(.zero, end - SystemTime.shared.uptime)
                let deliveries = try await base.receive(upTo: limit, within: min(rest, .milliseconds(20)))
                if deliveries.isEmpty, rest > .zero { continue }
                return deliveries.map { delivery in
                    var delivery = delivery
                    delivery.lane = Int32((delivery.message.key ?? "").utf8.reduce(0) { $0 + Int($1) } % 2)
                    member.lanes.change { $0[delivery.receipt] = delivery.lane }
                    return delivery
                }
            }
        }
        return consumer
    }
}
