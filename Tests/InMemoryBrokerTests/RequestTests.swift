import InMemoryBroker
import Messaging
import MessagingTesting
import Testing

@Suite("Requests that the in-memory broker answers by itself", .timeLimit(.minutes(2))) struct RequestTests {
    private let server: InMemoryServer
    private let time: VirtualTime

    init() {
        let time = VirtualTime()
        self.time = time
        server = InMemoryServer(time: time)
    }

    private func connected(_ profile: BrokerProfile = .inMemory) async throws -> InMemoryBroker {
        let broker = InMemoryBroker(server, profile: profile)
        try await broker.connect { _ in }
        return broker
    }

    private func destination(_ kind: DestinationKind, _ broker: InMemoryBroker) async throws -> Destination {
        var declaration = DestinationDeclaration(Destination("asked", kind))
        if kind == .stream { declaration.groups["readers"] = .init() }
        if kind != .pubSub { try await broker.declare([declaration]) }
        return declaration.destination
    }

    private func listen(to destination: Destination, _ broker: InMemoryBroker) async throws -> any MessageConsumer {
        try await broker.subscribe(Subscription(destination, group: destination.kind == .stream ? "readers" : nil))
    }

    @Test("A request gets the reply to its address", arguments: DestinationKind.allCases)
    func answered(kind: DestinationKind) async throws {
        let (asker, answerer) = (try await connected(), try await connected())
        let destination = try await destination(kind, answerer)
        let consumer = try await listen(to: destination, answerer)
        let requests = try #require(asker.requests)
        async let reply = requests.request(Message("q"), to: destination, within: .seconds(5))
        let request = try await consumer.receive(upTo: 1, within: .seconds(60))[0].message
        let address = try #require(request.replyTo)
        let replies = try #require(answerer.requests)
        try await replies.reply(Message("a"), to: address, within: .seconds(5))
        #expect(try await reply.body == "a")
        // The address was good for one reply.
        await #expect(throws: BrokerError.self) {
            try await replies.reply(Message("again"), to: address, within: .seconds(5))
        }
    }

    @Test("Nobody listens: refused at once, and nothing is there", arguments: DestinationKind.allCases)
    func nobody(kind: DestinationKind) async throws {
        let broker = try await connected()
        let destination = try await destination(kind, broker)
        let result = await outcome {
            try await broker.requests?.request(Message(), to: destination, within: .seconds(5))
        }
        #expect(throws: (any Error).self) { try result.get() }
        guard case .failure(let error as BrokerError) = result else { return }
        #expect(error.code == .unavailable && error.sentence.contains("\(destination)"))
        if kind == .queue { #expect(try await broker.topology?.depth(of: destination, group: nil).waiting == 0) }
    }

    @Test("Who has stopped does not listen") func stopped() async throws {
        let broker = try await connected()
        let destination = try await destination(.queue, broker)
        let consumer = try await listen(to: destination, broker)
        await consumer.stop()
        let result = await outcome {
            try await broker.requests?.request(Message(), to: destination, within: .seconds(5))
        }
        guard case .failure(let error as BrokerError) = result else { throw result.failure }
        #expect(error.code == .unavailable)
    }

    @Test("A time-out to the nanosecond; a reply after it is nobody's") func timeout() async throws {
        let broker = try await connected()
        let destination = try await destination(.queue, broker)
        let consumer = try await listen(to: destination, broker)
        let requests = try #require(broker.requests)
        let start = time.uptime
        async let result = outcome { try await requests.request(Message(), to: destination, within: .seconds(5)) }
        let request = try await consumer.receive(upTo: 1, within: .seconds(60))[0].message
        while await !isOver(start) { time.advance(by: .milliseconds(500)) }
        guard case .failure(let error as BrokerError) = await result else { throw Unexpected() }
        #expect(error.code == .timeout)
        let late = await outcome {
            try await requests.reply(Message(), to: request.replyTo ?? "", within: .seconds(1))
        }
        guard case .failure(let gone as BrokerError) = late else { throw Unexpected() }
        #expect(gone.code == .noSuchDestination)
    }

    private func isOver(_ start: Duration) async -> Bool {
        for _ in 0..<20 { await Task.yield() }
        return time.uptime - start >= .seconds(6)
    }

    @Test("The end of who asks ends the request, and its cancellation does") func ends() async throws {
        let (asker, answerer) = (try await connected(), try await connected())
        let destination = try await destination(.queue, answerer)
        let consumer = try await listen(to: destination, answerer)
        let requests = try #require(asker.requests)
        let asking = Task {
            await outcome { try await requests.request(Message(), to: destination, within: .seconds(5)) }
        }
        _ = try await consumer.receive(upTo: 1, within: .seconds(60))
        asking.cancel()
        guard case .failure(let cancelled as BrokerError) = await asking.value else { throw Unexpected() }
        #expect(cancelled.code == .cancelled)
        async let result = outcome { try await requests.request(Message(), to: destination, within: .seconds(5)) }
        _ = try await consumer.receive(upTo: 1, within: .seconds(60))
        await asker.close(within: .zero)
        guard case .failure(let closed as BrokerError) = await result else { throw Unexpected() }
        #expect(closed.endReason == .closed)
    }

    @Test("It stands in for a broker that has none of its own, and then has none") func profile() async throws {
        let whole = BrokerProfile.inMemory
        var capabilities = whole.capabilities
        for kind in DestinationKind.allCases {
            capabilities.operations[kind]?[.request] = .refused(reason: "it has none")
        }
        let profile = BrokerProfile(
            type: whole.type, scheme: whole.scheme, options: whole.options, capabilities: capabilities,
            limits: whole.limits)
        #expect(try await connected(profile).requests == nil)
    }
}

/// What a call returned or threw.
private func outcome<Value: Sendable>(_ body: () async throws -> Value) async -> Result<Value, any Error> {
    do { return .success(try await body()) } catch { return .failure(error) }
}

private struct Unexpected: Error {}

extension Result {
    fileprivate var failure: any Error {
        if case .failure(let error) = self { error } else { Unexpected() }
    }
}
