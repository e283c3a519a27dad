import Messaging
import MessagingReliability

/// Computes what is promised, from the source, the target, every setting between and what the servers have said. Pure.
struct PromiseCalculation: Sendable {
    /// A broker as far as a promise depends on it.
    struct Broker: Sendable {
        let capabilities: BrokerCapabilities
        let settleLag: Duration
        /// What is to be said of the values of its options.
        let cautions: [OptionCaution]
        /// What its server has said; nil before it was asked.
        let durability: BrokerDurability?

        /// Whether it deletes what is too old, read or not; what ends with its process keeps what was not read.
        fileprivate var deletesByAge: Bool {
            if case .refused = capabilities[.stream, .durable] { false } else { true }
        }
    }

    /// What keeps the messages of a route: what lowers it, whether something of it ends with this process, and whether all
    /// does that could come again.
    private typealias Keeping = (reasons: [Promise.Reason], endsWithProcess: Bool, leavesNothing: Bool)

    let table: RouteTable
    let brokers: [BrokerName: Broker]
    /// Whether what remembers handled messages ends with this process.
    let storeEndsWithProcess: Bool

    /// What is promised for a route's messages.
    func promise(of route: RouteConfiguration) -> Promise { promise(of: route, by: route.groups.keys.map { $0 }) }

    /// The same as these groups get them.
    private func promise(of route: RouteConfiguration, by groups: [GroupName]) -> Promise {
        let keeping = keeping(of: route, withDeadLetters: true)
        let copies = route.kind == .pubSub ? [] : copies(of: route, leavesNothing: keeping.leavesNothing)
        return Promise(
            order: order(of: route), endsWithProcess: keeping.endsWithProcess,
            keeping.reasons + copies + unread(of: route, by: groups))
    }

    /// What is promised for what a subscription does; nil where a topic has no route.
    func promise(of subscription: SubscriptionConfiguration) -> Promise? {
        guard let from = table.route(of: subscription.topic), brokers[from.configuration.broker] != nil else {
            return nil
        }
        let source = from.configuration
        let groups = subscription.group.map { [$0] } ?? source.groups.keys.map { $0 }
        guard let topic = subscription.target else { return promise(of: source, by: groups) }
        guard let to = table.route(of: topic), brokers[to.configuration.broker] != nil else { return nil }
        let target = to.configuration
        let (first, second) = (keeping(of: source, withDeadLetters: true), keeping(of: target, withDeadLetters: false))
        let further = second.reasons.filter { !first.reasons.contains($0) }.map { $0.at("target \(to.name)") }
        let endsWithProcess = first.endsWithProcess || second.endsWithProcess
        var copies = step(from: source, to: target) + repeats(by: from, first.leavesNothing)
        if let policy = target.deduplicate, target.kind != .pubSub, second.leavesNothing || !storeEndsWithProcess {
            let last = LastCopy(from: from, to: to)
            let isForgotten = !copies.isEmpty && policy.window < last.after
            copies = [
                isForgotten
                    ? .isForgotten(policy, by: to.name, before: last)
                    : Promise.Reason.isRemembered(policy).at("target \(to.name)")
            ]
        }
        let unread =
            unread(of: source, by: groups) + unread(of: target, by: []).map { $0.at("target \(to.name)") }
        return Promise(
            order: order(of: source).weaker(order(of: target)), endsWithProcess: endsWithProcess,
            first.reasons + further + copies + unread)
    }

    private func order(of route: RouteConfiguration) -> DestinationDeclaration.Order {
        let canOrder = brokers[route.broker]?.capabilities.can(.order, on: route.kind) ?? false
        return route.isOrdered && route.fallback == nil && canOrder ? route.order : .none
    }

    // MARK: What loses messages

    private func keeping(of route: RouteConfiguration, withDeadLetters: Bool) -> Keeping {
        if route.kind == .pubSub { return ([.nobodyListens], false, false) }
        var all = keeping(of: route, on: route.broker)
        func add(_ other: Keeping, _ place: String, holdsOriginals: Bool) {
            all.reasons += other.reasons.filter { !all.reasons.contains($0) }.map { $0.at(place) }
            all.endsWithProcess = all.endsWithProcess || other.endsWithProcess
            // What one place keeps comes again, whatever the other does.
            if holdsOriginals { all.leavesNothing = all.leavesNothing && other.leavesNothing }
        }
        if let fallback = route.fallback?.broker {
            add(keeping(of: route, on: fallback), "diverted to \(fallback)", holdsOriginals: true)
        }
        if withDeadLetters, case .topic(let topic) = route.deadLetter, let target = table.route(of: topic) {
            if target.configuration.kind == .pubSub {
                all.reasons.append(.deadLettersAreGone)
            } else {
                let letters = keeping(of: target.configuration, withDeadLetters: false)
                add(letters, "dead letters by route \(target.name)", holdsOriginals: false)
            }
        }
        return all
    }

    private func keeping(of route: RouteConfiguration, on name: BrokerName) -> Keeping {
        guard let broker = brokers[name] else { return ([], false, false) }
        let settings = RouteOptions.settings
        let values = settings.values(of: route)
        let cautions = broker.cautions + settings.group.descriptions.compactMap { $0.caution(in: values) }
        var reasons = cautions.filter(\.losesMessages).map(Promise.Reason.loses)
        var endsWithProcess = false
        func ends(_ reason: String) {
            endsWithProcess = true
            let found = Promise.Reason.endsWithProcess(reason)
            if !reasons.contains(found) { reasons.append(found) }
        }
        switch broker.capabilities[route.kind, .durable] {
        case .native: break
        case .emulated(let cost): reasons.append(.isDurable(at: cost))
        case .refused(let reason): ends(reason)
        }
        switch broker.durability?.extent {
        case .process: ends(broker.durability?.reason ?? "")
        case .server: reasons += broker.durability.map { [.serverForgets($0)] } ?? []
        case .disk, nil: break
        }
        return (reasons, endsWithProcess, endsWithProcess)
    }

    /// What is not delivered though nobody lost it: what has waited in a queue for too long, what a broker deletes from a
    /// stream by its age, and what is there before a group of it begins. It lowers nothing: it was asked for. `hub check` warns of it.
    private func unread(of route: RouteConfiguration, by groups: [GroupName]) -> [Promise.Reason] {
        if let retention = route.discardsAfter { return [.isDiscarded(after: retention)] }
        guard route.kind == .stream else { return [] }
        var reasons: [Promise.Reason] = []
        if let retention = route.retention, let broker = brokers[route.broker], broker.deletesByAge {
            reasons.append(.isGone(after: retention))
        }
        let late = groups.filter { route.groups[$0].map { $0.start != .earliest } ?? false }
        if !late.isEmpty { reasons.append(.beginsLate(late.sorted { $0.name < $1.name })) }
        return reasons
    }

    // MARK: What makes copies

    /// What a handler may do twice.
    private func copies(of route: RouteConfiguration, leavesNothing: Bool) -> [Promise.Reason] {
        guard let policy = route.deduplicate else { return [.nothingIsDeduplicated] }
        // Where everything ends with the process, no crash leaves anything that could come again.
        if leavesNothing { return [.isRemembered(policy)] }
        return (storeEndsWithProcess ? [.storeEnds] : []) + [.workAndMarkAreTwo]
    }

    /// What a bridge publishes twice because its publish and its accept are two steps.
    private func step(from source: RouteConfiguration, to target: RouteConfiguration) -> [Promise.Reason] {
        guard source.place == target.place, let broker = brokers[source.broker] else { return [.otherBroker] }
        if let fallback = source.fallback?.broker {
            return [.notOneStep("it may be at \(source.broker) or at \(fallback)")]
        }
        if case .refused(let reason) = broker.capabilities[source.kind, .atomicForward] {
            return [.notOneStep(reason)]
        }
        return broker.settleLag > .zero ? [.lags(broker.settleLag)] : []
    }

    /// What a bridge publishes twice because it came twice.
    private func repeats(by route: Route, _ leavesNothing: Bool) -> [Promise.Reason] {
        let source = route.configuration
        if !source.acceptsDuplicates || source.kind == .pubSub { return [] }
        guard source.deduplicate != nil else { return [.isRepeated(by: route.name)] }
        return leavesNothing ? [] : [.isBridgedAgain(from: route.name)]
    }
}
