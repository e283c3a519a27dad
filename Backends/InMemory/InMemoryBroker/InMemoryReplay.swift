import Messaging

/// Reading a stream of the in-memory broker from a position.
struct InMemoryReplay: Replaying {
    let broker: InMemoryBroker

    func reader(
        of destination: Destination, from start: StartPosition, until: Subscription.Until?
    ) async throws(BrokerError) -> any ReplayReader {
        try await broker.server.answers(broker.connection)
        let found: Result<InMemoryReplayReader, BrokerError> = broker.server.state.withLock { state in
            if let problem = state.problem(with: broker.connection) { return .failure(problem) }
            guard case .stream(let stream) = state.places[destination] else {
                return .failure(BrokerError(.noSuchDestination, "\(destination) is not a stream that exists"))
            }
            let log = state.streams[stream]
            do throws(BrokerError) {
                let offset = try log.offset(of: start)
                return .success(
                    InMemoryReplayReader(
                        broker, destination: destination, from: offset, to: until == .end ? log.end : nil))
            } catch {
                return .failure(error)
            }
        }
        return try found.get()
    }

    func end(of destination: Destination) async throws(BrokerError) -> Position {
        try await broker.server.answers(broker.connection)
        let end: Result<Position, BrokerError> = broker.server.state.withLock { state in
            if let problem = state.problem(with: broker.connection) { return .failure(problem) }
            guard case .stream(let stream) = state.places[destination] else {
                return .failure(BrokerError(.noSuchDestination, "\(destination) is not a stream that exists"))
            }
            return .success(Position(major: state.streams[stream].end))
        }
        return try end.get()
    }
}

/// Reads a stream, as no member of any group.
final class InMemoryReplayReader: ReplayReader {
    private struct State: Sendable {
        var offset: UInt64
        var isCancelled = false
        var waiter: Waiter<Void>?
    }

    private enum Found: Sendable {
        case deliveries([Delivery])
        case nothing
        case ended(BrokerError)
    }

    private let broker: InMemoryBroker
    private let destination: Destination
    private let end: UInt64?
    private let state: Lock<State>

    init(_ broker: InMemoryBroker, destination: Destination, from offset: UInt64, to end: UInt64?) {
        self.broker = broker
        self.destination = destination
        self.end = end
        state = Lock(State(offset: offset))
    }

    func receive(upTo limit: Int, within wait: Duration) async throws(BrokerError) -> [Delivery] {
        let time = broker.server.time
        let deadline = time.deadline(after: wait)
        while true {
            let waiter = Waiter<Void>()
            switch take(upTo: max(1, limit), waiter) {
            case .deliveries(let deliveries): return deliveries
            case .ended(let error): throw error.during(.receive)
            case .nothing: break
            }
            let outcome = await waiter.wait(atMost: max(.zero, deadline - time.uptime), on: time)
            forget(waiter)
            if case .value = outcome { continue }
            if case .timedOut = outcome { return [] }
            throw BrokerError(.cancelled, "the task that received was cancelled", during: .receive)
        }
    }

    func cancel() async {
        let waiter = state.withLock { state in
            state.isCancelled = true
            return state.waiter
        }
        waiter?.resolve(())
    }

    private func take(upTo limit: Int, _ waiter: Waiter<Void>) -> Found {
        let start = state.withLock { state in
            state.waiter = waiter
            return state.isCancelled ? nil : state.offset
        }
        guard let start else { return .ended(.ended(.cancelled, "this reader was cancelled")) }
        let (found, offset) = broker.server.state.withLock { server in
            read(from: start, upTo: limit, in: &server, waiter)
        }
        state.withLock { $0.offset = offset }
        return found
    }

    private func read(
        from start: UInt64, upTo limit: Int, in server: inout ServerState, _ waiter: Waiter<Void>
    ) -> (Found, UInt64) {
        if server.connections[broker.connection].status == .closed {
            return (.ended(.ended(.closed, "the broker was closed")), start)
        }
        guard case .stream(let stream) = server.places[destination] else {
            return (.ended(.ended(.deleted, "\(destination) was deleted")), start)
        }
        let log = server.streams[stream]
        if start < log.first { return (.ended(log.gone(start)), start) }
        var (offset, deliveries): (UInt64, [Delivery]) = (start, [])
        let isReachable = server.isReachable(broker.connection)
        while isReachable, deliveries.count < limit, offset < end ?? .max, let entry = log[offset] {
            if !log.isLost(offset), !isExpired(entry.message) {
                deliveries.append(
                    Delivery(
                        message: entry.message, receipt: Receipt(sequence: 0), position: Position(major: offset)))
            }
            offset += 1
        }
        if !deliveries.isEmpty { return (.deliveries(deliveries), offset) }
        if let end, offset >= end {
            return (.ended(.ended(.reachedEnd, "\(destination) is read up to the end that was asked for")), offset)
        }
        server.streams[stream].readers.append(waiter)
        return (.nothing, offset)
    }

    private func isExpired(_ message: Message) -> Bool {
        message.expiration.map { $0 <= broker.server.time.now } ?? false
    }

    private func forget(_ waiter: Waiter<Void>) {
        broker.server.state.withLock { server in
            guard case .stream(let stream) = server.places[destination] else { return }
            server.streams[stream].readers.removeAll { $0 === waiter }
        }
    }
}
