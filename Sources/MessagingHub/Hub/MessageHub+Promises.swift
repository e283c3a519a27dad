import Messaging

extension MessageHub {
    /// What is promised for the messages of a route; nil where there is none of this name. Once the hub runs, as its servers
    /// have answered; before that as far as profiles and options tell.
    public func promise(of route: RouteName) -> Promise? {
        configuration.routes[route].map { promises.promise(of: $0) }
    }

    /// What is promised for what a subscription of the configuration does; nil where there is none of this name.
    public func promise(of subscription: SubscriptionName) -> Promise? {
        configuration.subscriptions[subscription].flatMap { promises.promise(of: $0) }
    }

    /// What is promised by the brokers as they are now.
    var promises: PromiseCalculation {
        var known: [BrokerName: PromiseCalculation.Broker] = [:]
        for (name, settings) in configuration.brokers {
            guard let broker = broker(name) else { continue }
            let profile = factories.first { $0.profile.type == settings.type }?.profile
            known[name] = PromiseCalculation.Broker(
                capabilities: broker.capabilities, settleLag: broker.limits.settleLag,
                cautions: profile?.cautions(of: settings.options) ?? [], durability: broker.durability)
        }
        return PromiseCalculation(
            table: table, brokers: known, storeEndsWithProcess: deduplication.endsWithProcess)
    }

    /// What is promised for every route, and for every subscription of the configuration, with what is asked for.
    private var promised: [(subject: PromiseWatch.Subject, asked: Guarantee?, promise: Promise)] {
        let promises = promises
        let routes = table.routes.sorted { $0.name.name < $1.name.name }.map { route in
            (
                PromiseWatch.Subject(kind: TelemetryNames.route, name: route.name.name),
                route.configuration.guarantee, promises.promise(of: route.configuration)
            )
        }
        let subscriptions = configuration.subscriptions.sorted { $0.key.name < $1.key.name }
        return routes
            + subscriptions.compactMap { name, subscription in
                promises.promise(of: subscription).map {
                    (.init(kind: TelemetryNames.subscription, name: name.name), subscription.guarantee, $0)
                }
            }
    }

    /// One line for each route, and for each subscription of the configuration, of which something else is promised than
    /// the last time; the first time for all.
    func logPromises() {
        let promised = promised
        let last = promiseWatch.exchange(Dictionary(promised.map { ($0.subject, $0.promise) }) { first, _ in first })
        for (subject, asked, promise) in promised {
            log(PromiseChange(before: last?[subject], now: promise, asked: asked), of: subject)
        }
    }

    /// Computes again what is promised, as the servers say it, each time a broker is there again; returns when the hub has
    /// ended.
    func watchPromises() async {
        for await _ in promiseWatch.rings where promiseWatch.hasBegun { logPromises() }
    }

    private func log(_ change: PromiseChange, of subject: PromiseWatch.Subject) {
        guard let level = change.level, log.takes(level) else { return }
        var keys = [
            (name: subject.kind, value: subject.name), (TelemetryNames.guarantee, change.now.words),
            (TelemetryNames.order, change.now.order.rawValue),
        ]
        if change.isShort, let asked = change.asked { keys.append((TelemetryNames.askedGuarantee, asked.words)) }
        let reasons = change.reasons
        if !reasons.isEmpty { keys.append((TelemetryNames.reason, reasons.joined(separator: "; "))) }
        log.log(LogRecord(level, change.message, keys, at: environment.time.now))
    }
}
