import EmbeddedBroker
import KafkaBroker
import Messaging
import NATSBroker
import RabbitMQBroker
import RedisBroker
import Testing

@testable import MessagingHub

/// Broker URLs where a configuration may also have the name of a broker.
@Suite struct BrokerReferenceTests {
    private func load(_ routes: String..., environment: [String: String] = [:]) throws -> HubConfiguration {
        try Loading.load("routes:\n" + routes.map { "  \($0)\n" }.joined(), environment)
    }

    private func problems(_ route: String, _ environment: [String: String] = [:]) -> [String] {
        Loading.problems("routes:\n  a: {topic: a, kind: queue, \(route)}\n", environment)
    }

    @Test("A URL in place of a name makes the broker, and its name has neither user, password nor options")
    func route() throws {
        let configuration = try load("a: {topic: a, kind: queue, broker: 'amqp://me:hunter2@h:5673/v?prefetch=7'}")
        #expect(configuration.routes["a"]?.broker == "amqp://h:5673/v")
        #expect(configuration.brokers.keys.map(\.name) == ["amqp://h:5673/v"])
        let broker = try #require(configuration.brokers["amqp://h:5673/v"])
        let options = RabbitMQConfiguration(broker.options)
        #expect(broker.type == .rabbitMQ && options.username == "me" && options.password == "hunter2")
        #expect(options.endpoints == ["h:5673"] && options.virtualHost == "v" && options.prefetch == 7)
        #expect(Set(broker.options.names) == ["host", "port", "username", "password", "virtual-host", "prefetch"])
    }

    @Test("A URL stands in for a name in a fallback too, in both of its forms")
    func fallback() throws {
        let rest = "topic: a, kind: queue, durable: false, broker: 'amqp://h'"
        for form in ["'memory://'", "{broker: 'memory://'}"] {
            let configuration = try load("a: {\(rest), fallback: \(form)}")
            #expect(configuration.routes["a"]?.fallback?.broker == "memory://")
            #expect(configuration.brokers["memory://"]?.type == .inMemory && configuration.brokers.count == 2)
        }
    }

    @Test("Each scheme is that of a type, and its parts are that type's options")
    func schemes() throws {
        func options(_ url: String, _ type: BrokerType) throws -> OptionValues {
            let brokers = try load("a: {topic: a, kind: pubsub, broker: '\(url)'}").brokers
            #expect(brokers.values.map(\.type) == [type], "\(url)")
            return try #require(brokers.values.first).options
        }
        let rabbit = RabbitMQConfiguration(try options("amqp://user@host/vhost", .rabbitMQ))
        #expect(rabbit.username == "user" && rabbit.host == "host" && rabbit.virtualHost == "vhost" && !rabbit.tls.isOn)
        #expect(KafkaConfiguration(try options("kafka://a,b:9093", .kafka)).brokers == ["a", "b:9093"])
        let redis = RedisConfiguration(try options("rediss://:secret@host:6380/2", .redis))
        #expect(redis.tls.isOn && redis.host == "host" && redis.port == 6380 && redis.database == 2)
        #expect(!RedisConfiguration(try options("redis://host", .redis)).tls.isOn)
        #expect(NATSConfiguration(try options("nats://a:4222,b", .nats)).servers == ["a:4222", "b"])
        #expect(EmbeddedConfiguration(try options("sqlite:///path/hub.db", .embedded)).path == "path/hub.db")
        #expect(EmbeddedConfiguration(try options("sqlite:////path/hub.db", .embedded)).path == "/path/hub.db")
        #expect(try options("memory://", .inMemory).names.isEmpty)
    }

    @Test("The same URL written twice is one broker; with other options it is another one")
    func same() throws {
        let configuration = try load(
            "a: {topic: a, kind: queue, broker: 'kafka://one:1,two:2?partitions=3&group-id=g'}",
            "b: {topic: b, kind: queue, broker: 'KAFKA://one:1,two:2?group-id=g&partitions=3'}",
            "c: {topic: c, kind: queue, broker: 'kafka://one:1,two:2'}")
        #expect(configuration.brokers.count == 2)
        let name: BrokerName = "kafka://one:1,two:2"
        #expect(configuration.routes["a"]?.broker == name && configuration.routes["b"]?.broker == name)
        #expect(configuration.routes["c"]?.broker == "kafka://one:1,two:2#2")
        #expect(configuration.brokers[name].map { KafkaConfiguration($0.options).partitions } == 3)
    }

    @Test("URLs and names stand beside each other, and variables of options are read for both")
    func beside() throws {
        let text =
            "brokers: {main: {type: rabbitmq}}\nroutes:\n  a: {topic: a, kind: queue, broker: main}\n"
            + "  b: {topic: b, kind: queue, broker: 'amqp://other'}\n"
        let configuration = try Loading.load(text, ["RABBITMQ__USERNAME": "me", "RABBITMQ__HOST": "rabbit"])
        let options = configuration.brokers.mapValues { RabbitMQConfiguration($0.options) }
        #expect(options["main"]?.host == "rabbit" && options["main"]?.username == "me")
        #expect(options["amqp://other"]?.host == "other" && options["amqp://other"]?.username == "me")
    }

    @Test("A variable that stands for the password may have any characters, in a URL of either place")
    func password() throws {
        let secret = "p@ss/w?rd#%:"
        let url = "amqp://me:${PW}@${HOST}/v"
        let environment = ["PW": secret, "HOST": "h:5673"]
        let name: BrokerName = "amqp://h:5673/v"
        let route = try load("a: {topic: a, kind: queue, broker: '\(url)'}", environment: environment)
        let text = "brokers: {main: {url: '\(url)'}}\nroutes: {a: {topic: a, kind: queue, broker: main}}\n"
        let broker = try Loading.load(text, environment).brokers["main"]
        let alone = try BrokerConfiguration(url: url, environment: environment, profiles: Loading.profiles)
        for broker in [route.brokers[name], broker, alone] {
            let options = RabbitMQConfiguration(try #require(broker).options)
            #expect(options.password == secret && options.endpoints == ["h:5673"] && options.virtualHost == "v")
        }
        let parts = ["A": "a@", "B": "b/"]
        let mixed = "amqp://${NAME:-me}:x${A}%40${B}y@h"
        let options = try BrokerConfiguration(url: mixed, environment: parts, profiles: Loading.profiles).options
        #expect(options[RabbitMQConfiguration.password] == "xa@@b/y" && options[RabbitMQConfiguration.username] == "me")
        let whole = try BrokerConfiguration(
            url: "${BUS}", environment: ["BUS": "amqp://me:s%40@h"], profiles: Loading.profiles)
        #expect(whole.options[RabbitMQConfiguration.password] == "s@")
    }

    @Test("A variable that stands for a value of the query may have any characters, and sets no other option")
    func queryValue() throws {
        let secret = "ab&tls=true&tls-verify=false#%?="
        func options(_ url: String) throws -> OptionValues {
            try BrokerConfiguration(url: url, environment: ["T": secret], profiles: Loading.profiles).options
        }
        let rabbit = try options("amqp://me@h?heartbeat=5s&password=${T}")
        #expect(rabbit[RabbitMQConfiguration.password] == secret)
        #expect(Set(rabbit.names) == ["username", "host", "heartbeat", "password"])
        let nats = try options("nats://h?token=x${T}y")
        #expect(Set(nats.names) == ["servers", "token"])
    }

    @Test("What is wrong in a URL is said at the key, with the remedy and without any part of it")
    func wrong() {
        let examples: [(String, String)] = [
            ("broker: 'amq://me:hunter2@h'", "broker: has a scheme of no broker; did you mean amqp://?"),
            ("broker: 'rabbitmq://me:hunter2@h'", "broker: has a scheme of no broker; did you mean amqp://?"),
            ("broker: 'amqp://me:hunter2@h?prefech=1'", "broker: sets an option that is not known; did you mean"),
            ("broker: 'amqp://me:hunter2@h?prefetch=0'", "broker: sets prefetch to what is not allowed; give"),
            ("broker: 'amqp://me:hunter/2@h'", "broker: has an @ behind a / or ?; write %2F and %3F for these"),
            ("broker: 'amqp://me:hunter?2@h'", "broker: has an @ behind a / or ?; write %2F and %3F for these"),
            ("broker: 'kafka://me:hunter2'", "broker: has a host whose port is not a number; write host:port"),
            ("broker: 'amqp://me@h?tls-key=hunter2'", "broker.tls-key: is set without tls-certificate; set both"),
            ("broker: 'me:hunter2@h'", "broker: the value is not a broker; there is none"),
            ("broker: 'amqp:/me:hunter2@h'", "broker: the value is not a broker; there is none"),
        ]
        for (route, sentence) in examples {
            let found = problems(route)
            #expect(found.contains { $0.contains("routes.a.\(sentence)") && $0.hasPrefix("hub.yaml:2:") }, "\(found)")
            #expect(!found.joined().contains("hunter"), "\(found)")
        }
        let nested = problems("broker: 'memory://', fallback: {broker: 'memry://', diverts-durable: true}")
        #expect(nested.count == 1 && nested[0].contains("routes.a.fallback.broker: has a scheme of no broker; did you"))
        let named = Loading.problems("brokers: {'a://b': {type: inmemory}}\nroutes: {}\n")
        #expect(named.count == 1 && named[0].contains("has :// in its name"), "\(named)")
    }

    @Test("Without brokers, and without a URL in place of one, the configuration has none")
    func none() {
        #expect(problems("broker: main").contains { $0.contains("brokers: is not there") })
        #expect(problems("broker: 'amq://'").allSatisfy { !$0.contains("brokers: is not there") })
    }

    @Test("What does not fit a broker is a problem, wherever the broker is given")
    func fit() {
        let found = problems("broker: 'nats://h', max-priority: 3")
        #expect(found.count == 1 && found[0].contains("which broker nats://h of type nats cannot do"), "\(found)")
    }

    @Test("A command makes a configuration of one broker by its URL, named without its secrets")
    func command() throws {
        let url = "rediss://:${PW}@h:6380/3?key-prefix=x"
        let hub = try HubConfiguration(brokerURL: url, environment: ["PW": "hunter2"], profiles: Loading.profiles)
        #expect(hub.brokers.keys.map(\.name) == ["rediss://h:6380/3"] && hub.routes.isEmpty)
        #expect(hub.brokers["rediss://h:6380/3"]?.type == .redis)
        let bad: [(String, String)] = [
            ("amq://hunter2", "url: has a scheme of no broker; did you mean amqp://?"),
            ("hunter2", "url: is not a URL; write scheme://host:port/path?option=value"),
            (
                "amqp://me:${UNSET}@h",
                "url: variable UNSET is not set and has no default; set it, or give a default: ${UNSET:-…}"
            ),
            ("amqp://h?tls-key=hunter2", "url.tls-key: is set without tls-certificate; set both"),
        ]
        for (url, problem) in bad {
            let error = #expect(throws: ConfigurationError.self) {
                try BrokerConfiguration(url: url, environment: [:], profiles: Loading.profiles)
            }
            #expect(error?.problems.map(\.description).contains(problem) == true, "\(error?.description ?? "")")
            #expect(error?.description.contains("hunter") == false)
        }
    }
}
