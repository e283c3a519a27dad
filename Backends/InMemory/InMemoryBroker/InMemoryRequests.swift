import Messaging

/// Request and reply of the in-memory broker: the server knows who listens, and hands a reply to who asked.
struct InMemoryRequests: Requesting {
    let broker: InMemoryBroker
    private var server: InMemoryServer { broker.server }

    func request(
        _ message: Message, to destination: Destination, within wait: Duration
    ) async throws(BrokerError) -> Message {
        if case .refused(let reason) = broker.capabilities[destination.kind, .request] {
            throw BrokerError(.unsupported, "a request to \(destination) has no reply: \(reason)", during: .publish)
        }
        let end = server.time.deadline(after: wait)
        try await server.answers(broker.connection, during: .publish)
        let isHeard = server.state.withLock { $0.problem(with: broker.connection) != nil || $0.isHeard(destination) }
        if !isHeard {
            let sentence = "nobody listens to \(destination); subscribe to it, or ask later"
            throw BrokerError(.unavailable, sentence, during: .publish)
        }
        let (address, waiter) = server.replies.make(for: message, of: broker.connection)
        defer { server.replies.remove(address) }
        var message = message
        message.replyTo = address
        do throws(PublishFailure) {
            let options = PublishOptions(deadline: max(.zero, end - server.time.uptime))
            try await broker.publish(message, to: destination, options: options)
        } catch {
            throw error.first
        }
        switch await waiter.wait(until: end, on: server.time) {
        case .value(let reply): return try reply.get()
        case .timedOut: throw BrokerError(.timeout, "no reply from \(destination) within the time given")
        case .cancelled: throw BrokerError(.cancelled, "the task that asked was cancelled")
        }
    }

    func reply(_ message: Message, to address: String, within wait: Duration) async throws(BrokerError) {
        if let refusal = broker.limits.refusal(of: message, at: server.time.now) { throw refusal.during(.publish) }
        try await server.answers(broker.connection, during: .publish)
        if let problem = server.state.withLock({ $0.problem(with: broker.connection) }) {
            throw problem.during(.publish)
        }
        if !server.replies.resolve(address, with: message) {
            let sentence = "nobody waits for a reply at \(address.quoted); it came too late, or twice"
            throw BrokerError(.noSuchDestination, sentence, during: .publish)
        }
    }
}

extension ServerState {
    /// Whether somebody is there to receive what is published to a destination. True where it does not exist, so that
    /// the publish says so, and where it is bound to others.
    fileprivate func isHeard(_ destination: Destination) -> Bool {
        func isServed(_ inbox: Int) -> Bool { inboxes[inbox].members.contains { consumers[$0].isLive } }
        let places = copies(of: destination, beside: self.places[destination])
        if !places.isEmpty { return true }
        switch self.places[destination] {
        case .queue(let inbox): return isServed(inbox)
        case .stream(let stream): return streams[stream].groups.values.contains(where: isServed)
        case nil:
            guard destination.kind == .pubSub else { return true }
            return subscribers.contains { consumers[$0].isLive && consumers[$0].hears(destination.topic) }
        }
    }
}
