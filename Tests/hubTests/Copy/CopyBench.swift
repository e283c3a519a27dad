import Foundation
import InMemoryBroker
import Messaging
import MessagingHub
import Testing

@testable import hub

/// A broker that copies are tested on: a backend adds its URL here, and what makes and fills its destinations follows.
struct CopyBackend: Sendable, CustomTestStringConvertible {
    let name: String
    /// The URL of a broker, without topic and kind; a new one, or a namespace of its own, each time.
    let url: String
    /// What makes brokers for it.
    let factories: [BrokerFactory]
    /// The server in memory, where it is one.
    var server: InMemoryServer?

    var testDescription: String { name }

    /// The brokers that there are. In memory, all connections of a test are to one server.
    static var all: [CopyBackend] {
        let server = InMemoryServer()
        return [CopyBackend(name: "inmemory", url: "memory://", factories: [.inMemory(server)], server: server)]
    }

    /// The backends with each kind that keeps messages.
    static let kinds: [(backend: CopyBackend, kind: DestinationKind)] = all.flatMap { backend in
        [DestinationKind.queue, .stream].map { (backend, $0) }
    }
}

/// One test of copies: a backend, topics of its own, and a folder.
struct CopyBench: Sendable {
    let backend: CopyBackend
    let folder: TestFolder
    let console = RecordingConsole()
    private let id = MessageID().description.lowercased()

    init(_ backend: CopyBackend) throws {
        // What one test leaves is not another's.
        self.backend = backend.name == "inmemory" ? CopyBackend.all[0] : backend
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
        try await withTopics([name], kind) { hub in
            let found = Lock([Message]())
            let ended = try await hub.subscribe(
                to: topic(name), group: kind == .stream ? "reader" : nil, concurrency: 1, until: .end
            ) { delivery in found.withLock { $0.append(delivery.message) } }
            try await ended.waitUntilEnded()
            return found.withLock { $0 }
        }
    }

    /// Messages that differ, every third of them with a header.
    static func messages(_ count: Int) -> [Message] {
        (0..<count).map { index in
            Message(
                Body("body \(index)" as String), key: "k\(index % 7)", headers: index % 3 == 0 ? ["region": "eu"] : [:])
        }
    }
}
