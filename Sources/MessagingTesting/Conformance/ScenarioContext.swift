package import Messaging

/// What the body of a scenario works with: processes, places and messages of its own, all removed at the end.
package final class ScenarioContext: Sendable {
    private struct Made: Sendable {
        var peers: [Peer] = []
        var places: [Place] = []
        var names = 0
        var messages = 0
        var isDown = false
        var isFrozen = false
    }

    package let harness: any ConformanceHarness
    package let kind: DestinationKind
    package let seed: UInt64
    package let run: String
    package let history: History
    private let made = Lock(Made())
    let remarked: Observed<[String]>

    package init(
        harness: any ConformanceHarness, kind: DestinationKind, seed: UInt64, run: String, history: History? = nil,
        remarks: Observed<[String]>? = nil
    ) {
        self.harness = harness
        self.kind = kind
        self.seed = seed
        self.run = run
        self.history = history ?? History(on: harness.time)
        remarked = remarks ?? Observed([], on: harness.time)
    }

    package var time: any TimeSource { harness.time }
    package var patience: Duration { harness.patience }

    /// A new process, connected.
    package func peer() async throws -> Peer {
        let peer = try await process()
        try await peer.connect()
        return peer
    }

    /// A new process that is not connected.
    package func process() async throws -> Peer {
        let harness = harness
        let process = try await time.bounded("launching a process", within: patience) { try await harness.launch() }
        let name = made.withLock { "p\($0.peers.count)" }
        let peer = Peer(process, name: name, context: self)
        made.withLock { $0.peers.append(peer) }
        return peer
    }

    /// What the result is to say beside that the scenario holds, each once, in the order in which it was said.
    package var remarks: [String] { remarked.value }

    /// Has the result say something beside that the scenario holds.
    package func remark(_ sentence: String) { Self.remark(sentence, in: remarked) }

    static func remark(_ sentence: String, in remarked: Observed<[String]>) {
        remarked.change { if !$0.contains(sentence) { $0.append(sentence) } }
    }

    /// A name that no other run has.
    package func topic(_ purpose: String = "place") -> Topic {
        let number = made.withLock { made in
            made.names += 1
            return made.names
        }
        return Topic(unchecked: "conformance.\(run).\(number).\(purpose)")
    }

    /// A group name that no other run has.
    package func group() -> GroupName { GroupName(topic("group").name.replacing(".", with: "-")) }

    /// A place of this kind that does not exist.
    package func nowhere(_ kind: DestinationKind? = nil) -> Place {
        let kind = kind ?? self.kind
        let place = Place(Destination(topic(), kind), group: kind == .stream ? group() : nil)
        made.withLock { $0.places.append(place) }
        return place
    }

    /// A new place of this kind, declared by `peer`; a stream has one group, from the earliest message. `delays`: how
    /// long its messages may be delayed, where the broker wants to know.
    package func place(
        by peer: Peer, _ kind: DestinationKind? = nil, delays: Duration? = nil,
        _ edit: (inout DestinationDeclaration) -> Void = { _ in }
    ) async throws -> Place {
        let place = nowhere(kind)
        let longestDelay = can(.delay, place.destination.kind) ? delays : nil
        try await declare(place, by: peer) { declaration in
            declaration.longestDelay = longestDelay
            edit(&declaration)
        }
        return place
    }

    /// Declares a place; pubSub needs none.
    package func declare(
        _ place: Place, by peer: Peer, _ edit: (inout DestinationDeclaration) -> Void = { _ in }
    ) async throws {
        if place.destination.kind == .pubSub { return }
        var declaration = DestinationDeclaration(place.destination)
        if let group = place.group { declaration.groups[group] = .init() }
        edit(&declaration)
        try await peer.declare([declaration])
    }

    /// Has a destination removed at the end that somebody else makes, such as a dead-letter queue.
    package func removesAtEnd(_ destination: Destination) {
        made.withLock { $0.places.append(Place(destination, group: nil)) }
    }

    /// A message with a short name for excerpts, which is its body too, as far as the broker takes it.
    package func message(_ name: String? = nil, key: String? = nil, body: Body? = nil) -> Message {
        let number = made.withLock { made in
            made.messages += 1
            return made.messages
        }
        let name = name ?? "m\(number)"
        let short = name.utf8.prefix(max(1, peerLimits?.maximumBodyBytes ?? name.utf8.count))
        let message = Message(body ?? Body(Array(short)), key: key)
        history.name(message.id, name)
        return message
    }

    /// Messages with short names.
    package func messages(_ count: Int, keys: Int? = nil) -> [Message] {
        (0..<max(0, count)).map { number in message(key: keys.map { "key-\(number % $0)" }) }
    }

    /// Fails the scenario unless the condition holds.
    package func require(
        _ condition: Bool, _ sentence: @autoclosure () -> String, about messages: [MessageID] = []
    ) throws {
        if !condition { throw ScenarioFailure(sentence(), about: messages) }
    }

    /// The names of messages, for sentences.
    package func names(_ ids: some Sequence<MessageID>) -> String {
        let names = ids.map { history.name(of: $0) }.sorted()
        let more = names.count > 8 ? ", … (\(names.count) in all)" : ""
        return names.prefix(8).joined(separator: ", ") + more
    }

    /// Whether the broker serves an operation for a kind.
    package func can(_ operation: BrokerCapabilities.Operation, _ kind: DestinationKind? = nil) -> Bool {
        made.withLock { $0.peers.first }?.broker.capabilities.can(operation, on: kind ?? self.kind) ?? false
    }

    /// The limits of the broker; nil before the first process is connected.
    package var peerLimits: BrokerLimits? { made.withLock { $0.peers.first }?.broker.limits }

    /// The capabilities of the broker; nil before the first process is connected.
    package var peerCapabilities: BrokerCapabilities? { made.withLock { $0.peers.first }?.broker.capabilities }

    /// Ends the server, and with it what every process held.
    package func crash() async throws {
        guard let server = harness.server else { return notMeasured("a crash of the server", without: .crash) }
        made.withLock { $0.isDown = true }
        history.fault("is killed", of: "server")
        try await bounded("killing the server") { try await server.kill() }
    }

    /// Ends the server in order.
    package func stop() async throws {
        guard let server = harness.server else { return notMeasured("an end of the server", without: .crash) }
        made.withLock { $0.isDown = true }
        history.fault("is stopped", of: "server")
        try await bounded("stopping the server") { try await server.stop() }
    }

    /// Starts the server again.
    package func restart() async throws {
        guard let server = harness.server else { return }
        try await bounded("starting the server") { try await server.start() }
        made.withLock { $0.isDown = false }
        history.recovery("is started", of: "server")
    }

    /// Holds the server: it answers nothing, and its connections stay.
    package func freeze() async throws {
        guard let server = harness.server else { return notMeasured("a frozen server", without: .crash) }
        made.withLock { $0.isFrozen = true }
        history.fault("is frozen", of: "server")
        try await bounded("freezing the server") { try await server.freeze() }
    }

    /// Lets the server go on.
    package func thaw() async throws {
        guard let server = harness.server else { return }
        try await bounded("thawing the server") { try await server.thaw() }
        made.withLock { $0.isFrozen = false }
        history.recovery("is thawed", of: "server")
    }

    private func bounded(_ what: String, _ work: @escaping @Sendable () async throws -> Void) async throws {
        try await time.bounded(what, within: patience, work)
    }

    /// Every process ends in order, over whole links; what they held goes back. False while the server cannot be reached.
    func closeEverybody() async -> Bool {
        let (peers, isAway) = made.withLock { ($0.peers, $0.isDown || $0.isFrozen) }
        if isAway { return false }
        for peer in peers { try? await peer.link?.restore() }
        for peer in peers { await peer.close() }
        return true
    }

    /// Heals what was disturbed and removes everything that was made: through a process of its own, since those of the
    /// run may be dead. Throws where something stays.
    package func cleanUp() async throws {
        let (peers, places, isDown, isFrozen) = made.withLock { ($0.peers, $0.places, $0.isDown, $0.isFrozen) }
        if isFrozen { try? await thaw() }
        if isDown { try? await restart() }
        for peer in peers { try? await peer.link?.restore() }
        for peer in peers { await peer.close() }
        let made = places.map(\.destination).filter { $0.kind != .pubSub }
        if made.isEmpty { return }
        let broker = try await harness.launch().broker
        try await broker.connect { _ in }
        let left = await removing(made, by: broker)
        await broker.close(within: .seconds(1))
        try require(left.isEmpty, "\(left.joined(separator: "; ")); what stays has to be removed by hand")
    }

    /// What of these destinations stays, and why.
    private func removing(_ destinations: [Destination], by broker: any MessageBroker) async -> [String] {
        guard let topology = broker.topology else { return ["\(destinations.count) destinations cannot be deleted"] }
        var left: [String] = []
        for destination in destinations {
            // What the broker cannot have is not there.
            if !broker.capabilities.can(.serve, on: destination.kind) { continue }
            if broker.limits.refusal(of: destination.topic) != nil { continue }
            do throws(BrokerError) { try await topology.delete(destination) } catch {
                if error.code != .noSuchDestination { left.append("\(destination) was not deleted: \(error)") }
            }
        }
        return left
    }
}

/// A destination and, of a stream, the group that a scenario reads it with.
package struct Place: Hashable, Sendable, CustomStringConvertible {
    package let destination: Destination
    package var group: GroupName?

    package init(_ destination: Destination, group: GroupName?) {
        self.destination = destination
        self.group = group
    }

    /// The same destination, read with another group.
    package func with(group: GroupName) -> Place { Place(destination, group: group) }

    package var description: String { group.map { "\(destination) (group \($0))" } ?? "\(destination)" }
}
