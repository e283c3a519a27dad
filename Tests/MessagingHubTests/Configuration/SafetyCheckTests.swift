import Messaging
import Testing

@testable import MessagingHub

@Suite struct SafetyCheckTests {
    private func warnings(_ text: String) throws -> [String] {
        let configuration = try Loading.load(text)
        return configuration.report(profiles: Loading.profiles, registered: []).warnings.map(\.description)
    }

    private func warnings(of broker: String, _ route: String = "kind: queue") throws -> [String] {
        try warnings("brokers:\n  main: {\(broker)}\nroutes:\n  a: {topic: a, broker: main, \(route)}\n")
    }

    @Test(
        "What is not safe in a broker is named at its key, with the remedy",
        arguments: [
            ("type: rabbitmq, tls: true, tls-verify: false", "2:49: brokers.main.tls-verify: false lets anybody"),
            ("type: rabbitmq, host: rabbit", "2:3: brokers.main.tls: credentials go in plain text to another machine;"),
            ("type: rabbitmq, host: localhost.example.com", "2:3: brokers.main.tls: credentials go in plain text"),
            ("type: rabbitmq, host: 127.evil.example", "2:3: brokers.main.tls: credentials go in plain text"),
            ("type: nats, servers: ['::1beef'], token: hunter2", "2:3: brokers.main.tls: credentials go in plain text"),
            ("type: redis, host: r, password: hunter2", "2:3: brokers.main.tls: credentials go in plain text"),
            ("type: nats, servers: [n], token: hunter2", "2:3: brokers.main.tls: credentials go in plain text"),
            (
                "type: kafka, required-acks: leader, idempotent: false, replication-factor: 3",
                "2:38: brokers.main.required-acks: leader loses"
            ),
            (
                "type: kafka, required-acks: none, idempotent: false, replication-factor: 3",
                "brokers.main.required-acks: none"
            ),
            ("type: kafka", "2:3: brokers.main.replication-factor: 1 loses a topic"),
            ("type: rabbitmq, publisher-confirm: false", "2:45: brokers.main.publisher-confirm: false reports"),
            ("type: nats, storage: memory", "2:31: brokers.main.storage: memory loses"),
            ("type: nats, max-reconnect: 3", "2:37: brokers.main.max-reconnect"),
            ("type: embedded, synchronous: normal", "2:39: brokers.main.synchronous: normal may lose"),
        ])
    func broker(_ broker: String, _ warning: String) throws {
        let found = try warnings(of: broker, "kind: pubsub")
        #expect(found.count == 1 && found[0].hasPrefix("hub.yaml:") && found[0].contains(warning), "\(found)")
        #expect(found.allSatisfy { $0.contains(";") && !$0.contains("hunter") })
    }

    @Test(
        "What is not safe in a route is named at its key, with the remedy",
        arguments: [
            ("type: rabbitmq", "kind: queue, durable: false", "4:53: routes.a.durable: false loses what waits"),
            (
                "type: redis", "kind: queue",
                "4:3: routes.a.durable: what waits outlives the server of main only with appendonly"
            ),
            ("type: nats", "kind: stream, retention: 1h", "4:56: routes.a.retention: a broker that deletes by age"),
            (
                "type: nats", "kind: stream, groups: {g: {start: latest}}",
                "4:65: routes.a.groups.g.start: the group never"
            ),
            (
                "type: nats", "kind: stream, groups: {g: {start: 2026-11-21T00:00:00Z}}",
                "4:65: routes.a.groups.g.start: the group never reads what was in the stream before that time; set start:"
            ),
            (
                "type: nats", "kind: stream, groups: {f: {}, g: {start: 1042}}",
                "4:72: routes.a.groups.g.start: the group never reads what is in the stream before that position; set start"
            ),
            (
                "type: rabbitmq", "kind: queue, fallback: {broker: 'memory://', diverts-durable: true}",
                "4:54: routes.a.fallback: what is diverted does not outlive this process"
            ),
        ])
    func route(_ broker: String, _ route: String, _ warning: String) throws {
        let found = try warnings(of: broker, route)
        #expect(found.count == 1 && found[0].contains(warning), "\(found)")
        #expect(found.allSatisfy { $0.contains(";") })
    }

    @Test("Dead letters that go to pubsub are named, and a broker that is given by its URL where it stands")
    func places() throws {
        let found = try warnings(
            """
            routes:
              a: {topic: a, broker: 'amqp://rabbit?publisher-confirm=false', kind: queue, dead-letter: a.dead}
              b: {topic: '*.dead', broker: 'memory://', kind: pubsub}

            """)
        try #require(found.count == 3, "\(found)")
        #expect(found[0].hasPrefix("hub.yaml:2:25: routes.a.broker.publisher-confirm: false reports"))
        #expect(found[1].hasPrefix("hub.yaml:2:25: routes.a.broker.tls: credentials go in plain text"))
        #expect(found[2].contains("routes.a.dead-letter: dead letters go to pubsub"))
    }

    @Test(
        "What is safe is not warned of",
        arguments: [
            ("type: inmemory", "kind: stream, retention: 1h"), ("type: rabbitmq", "kind: queue"),
            ("type: rabbitmq, host: 127.0.0.1, password: x", "kind: stream, groups: {g: }"),
            ("type: kafka, replication-factor: 3", "kind: stream"), ("type: redis", "kind: pubsub"),
            ("type: redis, host: r, password: x, tls: true", "kind: pubsub"),
        ])
    func safe(_ broker: String, _ route: String) throws { #expect(try warnings(of: broker, route).isEmpty) }
}
