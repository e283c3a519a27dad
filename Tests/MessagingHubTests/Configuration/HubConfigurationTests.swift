import InMemoryBroker
import KafkaBroker
import Messaging
import MessagingReliability
import NATSBroker
import RabbitMQBroker
import RedisBroker
import Testing

@testable import MessagingHub

@Suite struct HubConfigurationTests {
    private func main(_ lines: String, _ environment: [String: String] = [:]) throws -> BrokerConfiguration {
        let routes = "routes:\n  a: {topic: a, broker: main, kind: queue}\n"
        return try #require(try Loading.load("brokers:\n  main: {\(lines)}\n\(routes)", environment).brokers["main"])
    }

    @Test("A route that says nothing more has the defaults of RouteConfiguration, for each kind")
    func defaults() throws {
        for kind in DestinationKind.allCases {
            let route = try Loading.load(Loading.route("durable: true", kind: kind.rawValue)).routes["orders"]
            let plain = RouteConfiguration(TopicPattern("orders"), to: "main", as: kind)
            #expect(
                RouteOptions.settings.values(of: try #require(route)).texts
                    == RouteOptions.settings.values(of: plain).texts)
            #expect(route?.retry == plain.retry)
            #expect(route?.publishRetry == plain.publishRetry)
            #expect(route?.deadLetter == .byDefault)
        }
    }

    @Test("The defaults in the descriptions are those of the structs")
    func describedDefaults() {
        let route = RouteConfiguration(TopicPattern("a"), to: "main", as: .queue)
        func check<Root>(_ options: BoundOptions<Root>, _ root: Root) {
            let texts = options.values(of: root).texts
            for option in options.group.descriptions { #expect(texts[option.name] ?? "" == option.defaultText) }
        }
        check(RouteOptions.settings, route)
        check(RouteOptions.publish, route)
        check(RouteOptions.retry, route.retry)
        check(RouteOptions.publishRetry, route.publishRetry)
        check(DeduplicationPolicy.options, DeduplicationPolicy())
        check(HubOptions.shutdown, HubConfiguration(brokers: [:], routes: [:]))
        check(HubOptions.log, LogConfiguration())
    }

    @Test("RabbitMQ's consumer-timeout is the longest hold that a route may ask for")
    func consumerTimeout() throws {
        let text = Loading.route("max-hold: 2h", type: "rabbitmq")
        #expect(Loading.problems(text).count == 1)
        let longer = text.replacing("type: rabbitmq", with: "url: amqp://localhost?consumer-timeout=3h")
        #expect(Loading.problems(longer).isEmpty)
    }

    @Test("Every form of deduplication")
    func deduplication() throws {
        let forms: [(String, DeduplicationPolicy?)] = [
            ("durable: true", nil), ("deduplicate: {}", DeduplicationPolicy()),
            ("deduplicate: 1h", DeduplicationPolicy(window: .seconds(3600))),
            ("deduplicate: {max-keys: 5, lease: 1s}", DeduplicationPolicy(maximumKeys: 5, lease: .seconds(1))),
            (
                "deduplicate: {renew: false, lease: 45m, window: 1h}",
                DeduplicationPolicy(window: .seconds(3600), lease: .seconds(2700), renews: false)
            ),
        ]
        for (text, policy) in forms {
            #expect(try Loading.load(Loading.route(text)).routes["orders"]?.deduplicate == policy, "\(text)")
        }
    }

    @Test("Every form of a dead letter")
    func deadLetters() throws {
        let forms: [(String, DeadLetterRoute)] = [
            ("dead-letter: none", .none), ("dead-letter: parked", .topic("parked")),
            ("dead-letter: {topic: parked}", .topic("parked")), ("dead-letter: {broker: parked}", .broker("parked")),
        ]
        for (line, expected) in forms {
            #expect(try Loading.load(Loading.route(line)).routes["orders"]?.deadLetter == expected)
        }
    }

    @Test("Every form of a group's start")
    func starts() throws {
        let time = try #require(Timestamp("2026-11-21T00:00:00Z"))
        let forms: [(String, StartPosition)] = [
            ("earliest", .earliest), ("latest", .latest), ("1042", .position(Position(major: 1042))),
            ("1042-7", .position(Position(major: 1042, minor: 7))), ("2026-11-21T00:00:00Z", .time(time)),
        ]
        for (text, expected) in forms {
            let line = "groups: {a: {start: '\(text)'}}"
            #expect(
                try Loading.load(Loading.route(line, kind: "stream")).routes["orders"]?.groups["a"]?.start == expected)
        }
    }

    @Test("S3-17 S3-18 S3-19 S3-20 RabbitMQ's host, port, user and password come from variables with defaults")
    func rabbitMQVariables() throws {
        let lines =
            "type: rabbitmq, host: '${RABBITMQ_HOST:-localhost}', port: '${RABBITMQ_PORT:-5672}',"
            + " username: '${RABBITMQ_USER:-helixagent}', password: '${RABBITMQ_PASSWORD:-helixagent123}'"
        let plain = RabbitMQConfiguration(try main(lines).options)
        #expect(plain.endpoints == ["localhost:5672"])
        #expect(plain.username == "helixagent")
        #expect(plain.password == "helixagent123")
        let set = ["RABBITMQ_HOST": "rabbit", "RABBITMQ_PORT": "5673", "RABBITMQ_USER": "u", "RABBITMQ_PASSWORD": "p"]
        let changed = RabbitMQConfiguration(try main(lines, set).options)
        #expect(changed.endpoints == ["rabbit:5673"])
        #expect(changed.username == "u")
        #expect(changed.password == "p")
    }

    @Test("S3-21 S3-22 publisher-confirm and prefetch load")
    func rabbitMQOptions() throws {
        let configuration = RabbitMQConfiguration(
            try main("type: rabbitmq, publisher-confirm: true, prefetch: 10").options)
        #expect(configuration.publisherConfirm)
        #expect(configuration.prefetch == 10)
    }

    @Test("S2-22 S2-23 S2-24 S2-25 S2-26 RABBITMQ__ variables are read where the file says nothing")
    func rabbitMQEnvironment() throws {
        let environment = [
            "RABBITMQ__HOST": "rabbit", "RABBITMQ__PORT": "5673", "RABBITMQ__USERNAME": "u",
            "RABBITMQ__PASSWORD": "hunter2", "RABBITMQ__VHOST": "v",
        ]
        let configuration = RabbitMQConfiguration(try main("type: rabbitmq", environment).options)
        #expect(configuration.endpoints == ["rabbit:5673"])
        #expect(configuration.username == "u")
        #expect(configuration.password == "hunter2")
        #expect(configuration.virtualHost == "v")
        #expect(RabbitMQConfiguration(try main("type: rabbitmq, host: x", environment).options).host == "x")
        // A URL comes before the file's keys, these before RABBITMQ_…, and that before RABBITMQ__….
        let both = environment.merging(["RABBITMQ_HOST": "newer", "RABBITMQ_USER": "w"]) { $1 }
        let newer = RabbitMQConfiguration(try main("type: rabbitmq", both).options)
        #expect(newer.host == "newer" && newer.username == "w" && newer.virtualHost == "v")
        #expect(RabbitMQConfiguration(try main("type: rabbitmq, host: x", both).options).host == "x")
        #expect(RabbitMQConfiguration(try main("url: 'amqp://in-url'", both).options).host == "in-url")
        #expect(RabbitMQConfiguration(OptionValues()).virtualHost == "/")
        let text = "brokers:\n  main: {type: rabbitmq}\nroutes:\n  a: {topic: a, broker: main, kind: queue}\n"
        let problems = Loading.problems(text, ["RABBITMQ__PORT": "hunter2"])
        #expect(problems.count == 1 && problems[0].contains("RABBITMQ__PORT") && !problems[0].contains("hunter2"))
    }

    @Test("S3-27 S3-28 S3-29 S3-30 S3-31 Kafka's options load")
    func kafka() throws {
        let lines =
            "type: kafka, brokers: ['${KAFKA_BROKER:-localhost:9092}'], client-id: '${KAFKA_CLIENT_ID:-helixagent}',"
            + " group-id: '${KAFKA_GROUP_ID:-helixagent-group}', compression: lz4, required-acks: all"
        let plain = KafkaConfiguration(try main(lines).options)
        #expect(plain.brokers == ["localhost:9092"])
        #expect(plain.clientID == "helixagent")
        #expect(plain.groupID == "helixagent-group")
        #expect(plain.compression == .lz4)
        #expect(plain.requiredAcks == .all)
        let set = ["KAFKA_BROKER": "one:9092", "KAFKA_CLIENT_ID": "c", "KAFKA_GROUP_ID": "g"]
        let changed = KafkaConfiguration(try main(lines, set).options)
        #expect(changed.brokers == ["one:9092"] && changed.clientID == "c" && changed.groupID == "g")
    }

    @Test("S1-29 S1-30 S1-31 S1-32 S1-33 AF_BUS_ variables are read where the file says nothing")
    func nats() throws {
        let plain = NATSConfiguration(try main("type: nats").options)
        #expect(plain.servers == ["nats://localhost:4222"])
        #expect(plain.ackWait == .seconds(30) && plain.reconnectWait == .seconds(2) && plain.maximumInFlight == 1000)
        let environment = [
            "AF_BUS_URL": "nats://nats-cluster:4222", "AF_BUS_MAX_RECONNECT": "10", "AF_BUS_RECONNECT_WAIT": "500ms",
            "AF_BUS_ACK_WAIT": "1m30s", "AF_BUS_MAX_IN_FLIGHT": "50",
        ]
        let changed = NATSConfiguration(try main("type: nats", environment).options)
        #expect(changed.servers == ["nats://nats-cluster:4222"])
        #expect(changed.maximumReconnects == 10 && changed.reconnectWait == .milliseconds(500))
        #expect(changed.ackWait == .seconds(90) && changed.maximumInFlight == 50)
    }

    @Test("S0-15 S0-18 S0-19 S0-20 S0-21 NATS: servers are needed, half a certificate is refused, reconnect has no end")
    func natsDefaults() throws {
        let defaults = NATSConfiguration()
        #expect(defaults.maximumReconnects == -1)
        #expect(defaults.reconnectWait == .seconds(2))
        #expect(defaults.connectTimeout == .seconds(2))
        #expect(throws: ConfigurationError.self) { try main("type: nats, servers: []") }
        #expect(throws: ConfigurationError.self) { try main("type: nats, tls: true, tls-certificate: a.pem") }
        #expect(throws: ConfigurationError.self) { try main("type: nats, tls: true, tls-key: a.key") }
    }

    @Test("A URL sets the options that take its parts")
    func urls() throws {
        let rabbit = RabbitMQConfiguration(try main("url: 'amqps://me:s%40cret@host:5671/a%2Fb?prefetch=100'").options)
        #expect(rabbit.tls.isOn && rabbit.host == "host" && rabbit.port == 5671)
        #expect(rabbit.username == "me" && rabbit.password == "s@cret" && rabbit.virtualHost == "a/b")
        #expect(rabbit.prefetch == 100)
        let cluster = RabbitMQConfiguration(try main("url: 'amqp://one:5672,two:5673'").options)
        #expect(cluster.endpoints == ["one:5672", "two:5673"] && cluster.virtualHost == "/")
        let kafka = KafkaConfiguration(try main("url: 'kafka://one:9092,two:9092?required-acks=all'").options)
        #expect(kafka.brokers == ["one:9092", "two:9092"])
        let redis = RedisConfiguration(try main("url: 'redis://:pw@[::1]:6380/3'").options)
        #expect(redis.host == "::1" && redis.port == 6380 && redis.database == 3 && redis.password == "pw")
        #expect(try main("url: 'memory://?max-messages=10'").options.names == ["max-messages"])
        let type = try main("type: rabbitmq, url: '${BUS}'", ["BUS": "amqp://h"])
        #expect(type.type == .rabbitMQ && RabbitMQConfiguration(type.options).host == "h")
    }

    @Test("A program's own type of broker is checked like any other")
    func ownType() throws {
        let own = Option("colour", default: "red", "how it looks")
        let profile = BrokerProfile(
            type: "carrier-pigeon", scheme: "pigeon", options: OptionGroup([own.description]),
            capabilities: BrokerCapabilities([.queue: [.serve: .native, .retry: .native]]), limits: BrokerLimits())
        let text =
            "brokers: {loft: {type: carrier-pigeon, colour: grey}}\nroutes: {a: {topic: a, broker: loft, kind: queue}}\n"
        let loaded = try HubConfiguration.load(text: text, environment: [:], profiles: [profile])
        #expect(loaded.brokers["loft"]?.options[own] == "grey")
        let stream = text.replacing("kind: queue", with: "kind: stream")
        #expect(throws: ConfigurationError.self) {
            try HubConfiguration.load(text: stream, environment: [:], profiles: [profile])
        }
    }

    @Test("What a route's topic and priority are, and its broker cannot carry, is a problem of the route")
    func limits() throws {
        let profile = BrokerProfile(
            type: "carrier-pigeon", scheme: "pigeon", options: OptionGroup([]),
            capabilities: BrokerCapabilities([.queue: [.serve: .native, .retry: .native, .priority: .native]]),
            limits: BrokerLimits().with {
                $0.maximumTopicBytes = 6
                $0.nameGrammar = .ascii
                $0.maximumPriority = 5
            })
        func problems(_ route: String) -> [String] {
            let text = "brokers: {loft: {type: carrier-pigeon}}\nroutes: {a: {\(route), broker: loft, kind: queue}}\n"
            do throws(ConfigurationError) {
                _ = try HubConfiguration.load(text: text, environment: [:], profiles: [profile])
                return []
            } catch {
                return error.problems.map { "\($0.path): \($0.sentence)" }
            }
        }
        let broker = "broker loft of type carrier-pigeon"
        #expect(problems("topic: orders, max-priority: 5").isEmpty)
        #expect(problems("topic: a b").count == 1)
        #expect(
            problems("topic: orders.eu") == ["routes.a.topic: has 9 bytes; \(broker) carries at most 6, shorten it"])
        let allowed = "ASCII letters, digits, dots, hyphens and underscores alone, rename it"
        #expect(problems("topic: büro") == ["routes.a.topic: contains \"ü\"; \(broker) carries \(allowed)"])
        #expect(
            problems("topic: orders, max-priority: 6") == [
                "routes.a.max-priority: 6 is over what \(broker) can carry, 5; lower it"
            ])
    }

    @Test("The value of a secret option is never shown, from a file, a URL, the environment or code")
    func secrets() {
        let pin = Option("pin", default: 0, "what opens it", secret: true).variable("LOFT_PIN")
        let profile = BrokerProfile(
            type: "safe", scheme: "safe", options: OptionGroup([pin.description]),
            capabilities: BrokerCapabilities([.queue: [.serve: .native, .retry: .native]]), limits: BrokerLimits())
        func problems(_ broker: String, _ environment: [String: String] = [:]) -> [String] {
            let text = "brokers: {main: {\(broker)}}\nroutes: {a: {topic: a, broker: main, kind: queue}}\n"
            do throws(ConfigurationError) {
                _ = try HubConfiguration.load(text: text, environment: environment, profiles: [profile])
                return []
            } catch {
                return error.problems.map(\.description)
            }
        }
        for found in [
            problems("type: safe, pin: hunter2"), problems("type: safe, pin: [hunter2]"),
            problems("url: 'safe://?pin=hunter2'"), problems("type: safe", ["LOFT_PIN": "hunter2"]),
        ] {
            #expect(found.count == 1 && found[0].contains("pin") && !found[0].contains("hunter2"), "\(found)")
        }
    }

    @Test("A configuration built in code is checked without a file")
    func inCode() throws {
        var route = RouteConfiguration(TopicPattern("a b"), to: "mian", as: .queue)
        route.concurrency = 0
        route.retry.attempts = -1
        route.maximumPriority = 11
        route.groups = ["g": .init()]
        var options = OptionValues()
        options[RabbitMQConfiguration.port] = 70_000
        options[RabbitMQConfiguration.password] = "hunter2"
        let brokers: [BrokerName: BrokerConfiguration] = ["main": BrokerConfiguration(.rabbitMQ, options)]
        let problems = HubConfiguration(brokers: brokers, routes: ["orders": route]).problems(
            profiles: Loading.profiles)
        #expect(
            problems.map(\.description) == [
                "brokers.main.port: \"70000\" is not allowed; give integer, 1 to 65535",
                "routes.orders.max-priority: \"11\" is not allowed; give integer, 0 to 10",
                "routes.orders.concurrency: \"0\" is not allowed; give integer, 1 to 10000",
                "routes.orders.retry.attempts: \"-1\" is not allowed; give integer, 1 to 1000",
                "routes.orders.topic: topic \"a b\" contains white space; separate words by a dot or a hyphen",
                "routes.orders.groups: a queue has no groups; remove them, or make it kind: stream",
                "routes.orders.broker: \"mian\" is not a broker; did you mean main?",
            ])
        let good = RouteConfiguration(TopicPattern("a"), to: "main", as: .queue)
        let fine = HubConfiguration(brokers: ["main": BrokerConfiguration(.inMemory)], routes: ["orders": good])
        #expect(fine.problems(profiles: Loading.profiles).isEmpty)
    }

    @Test("A type whose backend is not in this build is named with its trait and package")
    func missingBackends() throws {
        let text = "brokers: {a: {type: kafka}, b: {type: inmemory}}\nroutes: {a: {topic: a, broker: b, kind: queue}}\n"
        let configuration = try Loading.load(text)
        let factory = BrokerFactory(.inMemory) { name, _, _ throws(BrokerError) in
            throw BrokerError(.unavailable, "no broker \(name) is made here")
        }
        let sentence =
            "the backend of type kafka is not in this build: it is to come with the trait Kafka, which needs the package"
            + " librdkafka-dev and cannot be chosen yet; use a type of this build, or write a backend of your own"
        #expect(configuration.missingBackends(registered: [factory]).map(\.description) == ["broker a: \(sentence)"])
        let path = ConfigurationPath("brokers", "a", "type")
        let problem = ConfigurationProblem(at: path, "\(sentence), and give the hub its factory")
        #expect(throws: ConfigurationError([problem])) { try MessageHub(configuration, brokers: [factory]) }
    }
}
