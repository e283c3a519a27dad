import InMemoryBroker
import Messaging
import MessagingHub

func telemetry() async throws {
    let route = RouteConfiguration(TopicPattern("orders"), to: "main", as: .queue)
    let configuration = HubConfiguration(brokers: ["main": BrokerConfiguration(.inMemory)], routes: ["orders": route])
    let (metrics, trace) = (MetricsCollector(), SpanCollector())
    var environment = HubEnvironment(log: JSONLogSink(), metrics: metrics, trace: trace, audit: AuditFile { print($0) })
    environment.metricsInterval = .seconds(15)
    environment.processSpans = .parented
    environment.actor = "billing@eu-1"
    let counters = try await withHub(configuration, brokers: [.inMemory()], environment: environment) { hub in
        try await hub.publish(Message("one book"), to: "orders")
        try await hub.subscribe(to: "orders") { _ in }
        while hub.metrics().handled == 0 { try await Task.sleep(for: .milliseconds(10)) }
        return hub.metrics()
    }
    print(counters["MessagesPublished"] ?? 0, "published,", counters["BytesPublished"] ?? 0, "bytes")
    print("sink:", metrics.sum(of: "MessagesPublished"), "published,", metrics.sum(of: "BytesPublished"), "bytes")
    for span in trace.spans { print("span:", span.name, span.parent == nil ? "begins a trace" : "goes on with it") }
}
