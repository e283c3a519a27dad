import Foundation
import InMemoryBroker
import Messaging
import MessagingHub
import MessagingTesting
import RabbitMQBroker
import Testing

@testable import hub

/// A broker that copies are tested on: a backend adds its URL here, and what makes and fills its destinations follows.
struct CopyBackend: Sendable, CustomTestStringConvertible {
    let name: String
    /// The URL of a broker, without topic and kind; a new one, or a namespace of its own, each time.
    var url: String
    /// What makes brokers for it, and for others that it is copied to.
    let factories: [BrokerFactory]
    /// The server in memory, where it is one.
    var server: InMemoryServer?
    /// The kinds that keep messages, and that it is tested with.
    var kinds: [DestinationKind] = [.queue, .stream]

    var testDescription: String { name }

    /// The brokers that there are. In memory, all connections of a test are to one server.
    static var all: [CopyBackend] {
        let server = InMemoryServer()
        var all = [CopyBackend(name: "inmemory", url: "memory://", factories: [.inMemory(server)], server: server)]
        #if RabbitMQ
            if RabbitMQPlace.isWanted {
                all.append(
                    CopyBackend(name: "rabbitmq", url: "amqp://", factories: [.rabbitMQ, .inMemory()]))
            }
        #endif
        return all
    }

    /// The backends with each kind that keeps messages.
    static let kinds: [(backend: CopyBackend, kind: DestinationKind)] = all.flatMap { backend in
        backend.kinds.map { (backend, $0) }
    }

    /// Those of them that can be read up to their end.
    static let kindsWithEnd = kinds.filter { $0.backend.hasEnd($0.kind) }

    /// This one, where a test can use it: what one test leaves in memory is not another's, and a server is started.
    fileprivate var used: CopyBackend {
        get async throws {
            switch name {
            case "inmemory": return CopyBackend.all[0]
            #if RabbitMQ
                case "rabbitmq":
                    var backend = self
                    backend.url = try await RabbitMQPlace.url
                    return backend
            #endif
            default: return self
            }
        }
    }

    /// Whether one can read to the end of a destination of this kind, and no further.
    fileprivate func hasEnd(_ kind: DestinationKind) -> Bool {
        factories.first?.profile.capabilities.can(.untilEnd, on: kind) == true
    }
}

/// One test of copies: a backend, topics of its own, and a folder.
struct CopyBench: Sendable {
    let backend: CopyBackend
    let folder: TestFolder
    let console = RecordingConsole()
    private let id = MessageID().description.lowercased()

    init(_ backend: CopyBackend) async throws {
        self.backend = try await backend.used
        folder = try TestFolder()
    }

    func topic(_ name: String) -> Topic { Topic(stringLiteral: "copy.\(id).\(name)") }

    /// A topic as a word of a command line.
    func word(_ name: String, _ kind: DestinationKind, _ more: String = "") -> String {
        let url = backend.url.contains("?") ? "\(backend.url)&" : "\(backend.url)?"
        return "\(url)topic=\(topic(name))&kind=\(kind.rawValue)\(more)"
    }

    /// Runs a copy; its exit status and its ledger.
    func copy(
        _ source: String, _ target: String, _ edit: (inout CopyOptions) -> Void = { _ in }
    ) async -> (status: hub.ExitStatus, ledger: String) {
        var options = CopyOptions(source: source, target: target)
        edit(&options)
        let own = RecordingConsole()
        let status = await CopyJob(options, own.console(), factories: backend.factories).run()
        for line in own.errors { console.console().writeError(line) }
        return (status, own.output.split(separator: "\n").last.map { Self.withoutTime(String($0)) } ?? "")
    }

    /// Whether one can read to the end of a topic of this kind, and no further.
    func hasEnd(_ kind: DestinationKind) -> Bool { backend.hasEnd(kind) }

    /// Has a copy end behind the last of so many messages: at the end of its source, where that has one.
    func ends(_ options: inout CopyOptions, _ kind: DestinationKind, after count: Int) {
        if backend.hasEnd(kind) { options.untilEnd = true } else { options.limit = count }
    }

    /// Whether nothing is left of a topic for the group of copies: another copy up to its end, where it has one, finds nothing.
    func isEmpty(_ name: String, _ kind: DestinationKind) async throws -> Bool {
        if !backend.hasEnd(kind) { return try await waiting(in: name, kind) == 0 }
        let copy = await copy(word(name, kind), folder("\(name).rest")) { $0.untilEnd = true }
        return copy.status == .success && copy.ledger == Self.ledger(0)
    }

    /// How many messages wait in a topic.
    private func waiting(in name: String, _ kind: DestinationKind) async throws -> Int {
        let configuration = try HubConfiguration(
            brokerURL: backend.url, environment: [:], profiles: Backends.profiles)
        let (broker, settings) = try #require(configuration.brokers.first)
        let factory = try #require(backend.factories.first { $0.profile.type == settings.type })
        let client = try factory.make(broker, settings.options, BrokerEnvironment())
        try await client.connect { _ in }
        let depth = try await client.topology?.depth(of: Destination(topic(name), kind), group: nil)
        await client.close(within: .seconds(5))
        return try #require(depth).waiting
    }

    /// A ledger up to the time that it took; without that it is none.
    static func withoutTime(_ ledger: String) -> String {
        let text = ledger.replacing(#/ in [0-9]+\.[0-9][0-9] s$/#, with: "")
        return text == ledger && ledger.hasPrefix("sent ") ? "\(ledger), and no time" : text
    }

    /// A ledger as it is to be.
    static func ledger(_ sent: Int, received: Int? = nil, dead: Int = 0, _ more: String = "", duplicated: Int = 0)
        -> String
    {
        let received = received ?? sent
        return "sent \(sent.grouped), received \(received.grouped), dead-lettered \(dead), "
            + "duplicated \(duplicated)\(more), lost \(sent - received - dead)"
    }

    /// Runs a hub with these topics, as kind says, while `body` does.
    func withTopics<Result: Sendable>(
        _ names: [String], _ kind: DestinationKind, _ body: (MessageHub) async throws -> Result
    ) async throws -> Result {
        var configuration = try HubConfiguration(
            brokerURL: backend.url, environment: [:], profiles: Backends.profiles)
        let broker = try #require(configuration.brokers.keys.first)
        for name in names {
            var route = RouteConfiguration(TopicPattern(topic(name)), to: broker, as: kind)
            if name.hasSuffix(".dead") { route.deadLetter = .none }
            if kind == .stream { route.groups = ["copy": .init(), "reader": .init()] }
            configuration.routes[RouteName(name)] = route
        }
        return try await withHub(
            configuration, brokers: backend.factories, environment: HubEnvironment(log: NoLog()), body)
    }

    /// Publishes messages with these bodies; on a stream the group of copies is there first.
    func fill(_ name: String, _ kind: DestinationKind, _ messages: [Message]) async throws {
        _ = try await withTopics([name], kind) { hub in try await hub.publish(messages, to: topic(name)) }
    }

    /// Everything that is in a topic, taken from it.
    func drain(_ name: String, _ kind: DestinationKind) async throws -> [Message] {
        let count = backend.hasEnd(kind) ? nil : try await waiting(in: name, kind)
        return try await withTopics([name], kind) { hub in
            let found = Observed([Message]())
            let ended = try await hub.subscribe(
                to: topic(name), group: kind == .stream ? "reader" : nil, concurrency: 1,
                until: count == nil ? .end : nil
            ) { delivery in found.change { $0.append(delivery.message) } }
            if let count {
                _ = await found.first(within: .seconds(30)) { $0.count >= count }
            } else {
                try await ended.waitUntilEnded()
            }
            return found.value
        }
    }

    /// Messages that differ, every third of them with a header. Their times are whole milliseconds, as brokers carry them.
    static func messages(_ count: Int) -> [Message] {
        let now = Timestamp(milliseconds: Timestamp.now.milliseconds)
        return (0..<count).map { index in
            Message(
                Body("body \(index)" as String), key: "k\(index % 7)", headers: index % 3 == 0 ? ["region": "eu"] : [:],
                timestamp: now)
        }
    }
}
