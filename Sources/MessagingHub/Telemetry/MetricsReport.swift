import Messaging

/// Gives the metrics sink what nobody measures message by message: the hub's counters by their names, how much waits in
/// each destination, and what the process uses.
struct MetricsReport: Sendable {
    /// What waits there is asked for.
    struct Place: Hashable, Sendable {
        let broker: BrokerName
        let destination: Destination
        let group: GroupName?
    }

    /// How many destinations are asked for in a round at most.
    static let mostPlaces = 1000

    let sink: any MetricsSink
    let interval: Duration
    let brokers: [BrokerName: any MessageBroker]
    let counted: @Sendable () -> HubMetrics
    let places: @Sendable () -> [Place]
    let isConnected: @Sendable (BrokerName) -> Bool
    let blockedCount: @Sendable () -> Int

    /// Measures at once, then after each interval, and the counters again when `end` has fired.
    func run(until end: Signal, on time: any TimeSource) async {
        let counters = counted().named.map { name, unit, _ in
            sink.instrument(InstrumentDescription(.counter, name, unit: unit))
        }
        var last = [Int](repeating: 0, count: counters.count)
        func count() {
            for (index, (_, _, value)) in counted().named.enumerated() where value != last[index] {
                counters[index].record(Double(value - last[index]))
                last[index] = value
            }
        }
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await measure(until: end, on: time) }
            while !end.isFired {
                count()
                await end.wait(atMost: interval, on: time)
            }
            group.cancelAll()
        }
        count()
    }

    /// A broker that does not answer keeps the other gauges waiting, and nobody else.
    private func measure(until end: Signal, on time: any TimeSource) async {
        while !end.isFired, !Task.isCancelled {
            gauge(TelemetryNames.connections, "{connection}", Double(brokers.keys.count(where: isConnected)))
            gauge(TelemetryNames.blocked, "{broker}", Double(blockedCount()))
            if let bytes = ProcessMemory.residentBytes { gauge(TelemetryNames.processMemory, "By", Double(bytes)) }
            for place in places().prefix(Self.mostPlaces) where isConnected(place.broker) && !end.isFired {
                await measure(place, at: time.now)
            }
            await end.wait(atMost: interval, on: time)
        }
    }

    private func measure(_ place: Place, at now: Timestamp) async {
        guard let broker = brokers[place.broker], let topology = broker.topology,
            let depth = try? await topology.depth(of: place.destination, group: place.group)
        else { return }
        let labels = TelemetryNames.labels(
            place.destination.topic.name, place.destination.kind, on: (broker.name, broker.type), group: place.group)
        gauge(TelemetryNames.backlog, "{message}", Double(depth.waiting + (depth.held ?? 0)), labels)
        if let oldest = depth.oldest {
            gauge(TelemetryNames.oldest, "s", max(0, Double((now - oldest).nanoseconds) / 1e9), labels)
        }
    }

    private func gauge(_ name: String, _ unit: String, _ value: Double, _ labels: [String: String] = [:]) {
        sink.instrument(InstrumentDescription(.gauge, name, unit: unit, labels: labels)).record(value)
    }
}

extension MessageHub {
    /// What is measured beside the messages; nil where nobody measures.
    var metricsReport: MetricsReport? {
        guard let sink = environment.metrics else { return nil }
        let (watch, table) = (watch, table)
        return MetricsReport(
            sink: sink, interval: environment.metricsInterval, brokers: brokers,
            counted: metrics, places: { Self.places(table, watch.subscriptions) },
            isConnected: { watch.isConnected($0) }, blockedCount: { watch.blockedCount })
    }

    /// Every queue that a route names, every group of such a stream, and whatever is subscribed to.
    static func places(_ table: RouteTable, _ subscriptions: [HubSubscription]) -> [MetricsReport.Place] {
        var places: Set<MetricsReport.Place> = []
        for (route, topic) in table.literals where route.configuration.kind != .pubSub {
            let (broker, kind) = (route.configuration.place, route.configuration.kind)
            let groups: [GroupName?] = kind == .stream ? route.configuration.groups.keys.map { $0 } : [nil]
            for group in groups {
                places.insert(.init(broker: broker, destination: Destination(topic, kind), group: group))
            }
        }
        for subscription in subscriptions {
            if case .destination(let destination) = subscription.subscription.source, destination.kind != .pubSub {
                let group = subscription.subscription.group
                places.insert(.init(broker: subscription.broker.name, destination: destination, group: group))
            }
        }
        return Array(places)
    }
}
