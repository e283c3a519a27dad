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

    /// One line for each route, and for each subscription of the configuration.
    func logPromises() {
        guard log.takes(.info) else { return }
        let promises = promises
        for route in table.routes.sorted(by: { $0.name.name < $1.name.name }) {
            log(promises.promise(of: route.configuration), (TelemetryNames.route, route.name.name))
        }
        for (name, subscription) in configuration.subscriptions.sorted(by: { $0.key.name < $1.key.name }) {
            guard let promise = promises.promise(of: subscription) else { continue }
            log(promise, (TelemetryNames.subscription, name.name))
        }
    }

    private func log(_ promise: Promise, _ subject: (name: String, value: String)) {
        var keys = [
            subject, (TelemetryNames.guarantee, promise.words), (TelemetryNames.order, promise.order.rawValue),
        ]
        let reasons = promise.reasons.map(\.sentence)
        if !reasons.isEmpty { keys.append((TelemetryNames.reason, reasons.joined(separator: "; "))) }
        log.log(LogRecord(.info, "guarantee computed", keys, at: environment.time.now))
    }
}
