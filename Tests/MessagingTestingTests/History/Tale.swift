import Messaging
import MessagingTesting
import Testing

/// A history made by hand: each step takes a millisecond.
final class Tale {
    static let orders = Destination.queue("orders")
    static let log = Destination.stream("log")
    let time = VirtualTime()
    let history: History
    var rules = HistoryRules()
    private var messages: [String: Message] = [:]
    private var receipts: [String: Receipt] = [:]
    private var count: UInt64 = 0

    init() { history = History(on: time) }

    /// Adds an entry, and a millisecond passes.
    func add(_ who: String, _ event: HistoryEvent) {
        history.add(who, event)
        time.advance(by: .milliseconds(1))
    }

    /// The message of this name.
    func message(_ name: String, key: String? = nil, _ edit: (inout Message) -> Void = { _ in }) -> Message {
        if let message = messages[name] { return message }
        var message = Message(key: key)
        edit(&message)
        messages[name] = message
        history.name(message.id, name)
        return message
    }

    /// Declares a queue, or a stream with these groups.
    func declare(
        _ destination: Destination, groups: [GroupName] = [],
        _ edit: (inout DestinationDeclaration) -> Void = { _ in }
    ) {
        var declaration = DestinationDeclaration(destination)
        for group in groups { declaration.groups[group] = .init() }
        edit(&declaration)
        add("p0", .declared([declaration]))
    }

    /// What a publish is told.
    enum Told {
        case confirmed, refused, unknown, nothing
    }

    /// Publishes in one call.
    func publish(
        _ names: String..., to destination: Destination = Tale.orders, key: String? = nil, by who: String = "p0",
        told: Told = .confirmed, _ edit: (inout Message) -> Void = { _ in }
    ) {
        let all = names.map { message($0, key: key, edit) }
        let call = history.call()
        add(who, .publishes(call: call, to: destination, all.map { Sent($0) }))
        var outcomes: [Int: PublishFailure.Outcome] = [:]
        for index in all.indices where told != .confirmed {
            outcomes[index] = told == .refused ? .refused(Self.failure) : .unknown(Self.failure)
        }
        if told == .nothing { return }
        let failure = told == .confirmed ? nil : PublishFailure(outcomes, of: all.count)
        add(who, .published(call: call, all.map(\.id), failure))
    }

    /// A consumer reads from here.
    func subscribe(
        _ consumer: String, to destination: Destination = Tale.orders, group: GroupName? = nil,
        maxHold: Duration = .seconds(1800)
    ) {
        let subscription = Subscription(destination, group: group, maxHold: maxHold)
        let peer = String(consumer.prefix { $0 != "." })
        add(consumer, .subscribed(subscription, by: peer))
    }

    /// It receives these, in one call.
    func receive(_ consumer: String, _ names: String..., attempt: Int32 = 1) {
        let deliveries = names.map { name in
            count += 1
            let receipt = Receipt(sequence: count)
            receipts["\(consumer) \(name)"] = receipt
            return Received(Delivery(message: message(name), attempt: attempt, receipt: receipt))
        }
        add(consumer, .received(deliveries))
    }

    /// It settles the last that it received of this name; nil: no answer is ever seen.
    func settle(
        _ consumer: String, _ name: String, _ settlement: Settlement = .accept,
        _ outcome: SettlementOutcome? = .settled
    ) {
        guard let receipt = receipts["\(consumer) \(name)"] else { return }
        let (call, id) = (history.call(), message(name).id)
        add(consumer, .settles(call: call, [Asked(id, receipt, .init(settlement))]))
        if let outcome { add(consumer, .answered(call: call, [id], [outcome])) }
    }

    func fault(_ what: String, of who: String) {
        add(who, .fault(what))
    }

    func recover(_ who: String, _ what: String = "is started") { add(who, .recovered(what)) }

    /// A new connection reads everything that is left of these.
    func drain(
        _ names: [String], from destination: Destination = Tale.orders, group: GroupName? = nil, attempt: Int32 = 1
    ) {
        let place = Place(destination, group: group)
        add("p9", .drains(place, at: time.now, isDone: false))
        subscribe("p9.c1", to: destination, group: group)
        for name in names { receive("p9.c1", name, attempt: attempt) }
        add("p9", .drains(place, at: time.now, isDone: true))
    }

    /// What is wrong with it.
    var violations: [HistoryViolation] {
        let history = history
        return HistoryChecker(history.entries ?? [], rules) { history.name(of: $0) }.violations
    }

    /// The entries that show a violation.
    func excerpt(_ violation: HistoryViolation) -> [String] {
        history.excerpt(of: violation.entries, about: Set(violation.messages))
    }

    static let failure = BrokerError(.brokerFailure, "it failed")
}
