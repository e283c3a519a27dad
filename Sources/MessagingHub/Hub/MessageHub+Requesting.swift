public import Messaging
import MessagingReliability

extension MessageHub {
    /// Sends a request and returns the reply.
    ///
    /// Its correlation id and its reply address are the hub's: what the message says there is replaced. Throws
    /// `BrokerError`: `.unavailable` at once where the broker can tell that nobody listens, `.timeout` when the time is
    /// up, `.resourceExhausted` when too many requests wait already, `.ended` when the hub is shut down meanwhile, or what
    /// keeps the request from being published; `RequestFailure` when whoever handled the request gave it up; and
    /// `CancellationError`. A reply that comes later is counted and resolves nothing; of several replies the first counts.
    public func request(
        _ message: Message, to topic: Topic, within limit: Duration = .seconds(30)
    ) async throws -> Message {
        let end = environment.time.deadline(after: limit)
        if limit <= .zero {
            throw BrokerError(.timeout, "request to \(topic) has no time: \(limit.optionText); give it more")
        }
        let reply: Message
        do {
            if publishers.known(topic) == nil {
                await settled.wait(atMost: limit, on: environment.time)
            }
            let publisher = try await publishers.publisher(of: topic)
            if let middlewares {
                reply = try await middlewares.request(message, by: publisher) {
                    [requests] (message) throws(BrokerError) in
                    try await requests.ask(message, by: publisher, until: end)
                }
            } else {
                reply = try await requests.ask(message, by: publisher, until: end)
            }
        } catch {
            if Task.isCancelled { throw CancellationError() }
            throw error
        }
        if let failure = RequestFailure(reply) { throw failure }
        return reply
    }

    /// The same with values, as JSON. A reply that cannot be read as `Answer` is `.serialization`.
    public func request<Question: Encodable & Sendable, Answer: Decodable & Sendable>(
        _ question: Question, to topic: TypedTopic<Question>, as answer: Answer.Type = Answer.self,
        key: String? = nil, headers: Headers = Headers(), within limit: Duration = .seconds(30)
    ) async throws -> Answer {
        let message = try Self.encoded(question, for: topic.topic, key: key, headers: headers)
        let reply = try await request(message, to: topic.topic, within: limit)
        do { return try Self.decoded(answer, reply.body) } catch {
            throw BrokerError(.serialization, "reply from \(topic.topic): \(error)", during: .receive)
        }
    }

    /// Runs a handler for each request of a topic, as `subscribe` does, and sends what it returns to whoever asked.
    ///
    /// The reply is sent before the request is accepted. When nobody waits for it any more it is counted, and the request
    /// accepted. A request that is given up, by the route's policy or by `throw Reject(…)`, is answered with the error, unless
    /// the route says `error-replies: false`. What nobody asked for, a message that was only published, has no reply.
    @discardableResult
    public func respond(
        to topic: Topic, group: GroupName? = nil, concurrency: Int? = nil,
        _ handler: @escaping @Sendable (Delivery) async throws -> Message
    ) async throws -> HubSubscription {
        let responder = try responder(of: topic)
        let answering = DeliveryRunner.Handler.plain { delivery in
            try await responder.reply(try await handler(delivery), to: delivery.message)
        }
        return try await subscribe(.topic(topic), group, concurrency, answering, responder)
    }

    /// The same with values, as JSON. A request that cannot be read is dead-lettered, and answered, as `undecodable`.
    @discardableResult
    public func respond<Question: Decodable & Sendable, Answer: Encodable & Sendable>(
        to topic: TypedTopic<Question>, group: GroupName? = nil, concurrency: Int? = nil,
        _ handler: @escaping @Sendable (Question, Delivery) async throws -> Answer
    ) async throws -> HubSubscription {
        try await respond(to: topic.topic, group: group, concurrency: concurrency) { delivery in
            let answer = try await handler(try Self.decoded(Question.self, delivery.message.body), delivery)
            return try Self.encoded(answer, for: topic.topic)
        }
    }

    /// Sends a reply from any handler, to a request that came from a topic: for a handler that replies before it is done,
    /// or only sometimes. False when nobody waits for it.
    @discardableResult
    public func reply(_ answer: Message, to request: Message, from topic: Topic) async throws -> Bool {
        try await responder(of: topic).reply(answer, to: request)
    }

    /// How many requests wait for their replies.
    package var pendingRequests: Int { requests.pendingCount }

    private func responder(of topic: Topic) throws(BrokerError) -> Responder {
        if let problem = topic.problem { throw problem.during(.subscribe) }
        guard let route = table.route(of: topic), let broker = brokers[route.configuration.place] else {
            throw BrokerError(
                .noSuchDestination, "no route matches topic \(topic); add one to the configuration", during: .subscribe)
        }
        let sending = Sending.ofReply(on: broker, requests.observer(on: broker), publishers.counters)
        return Responder(
            broker: broker, counters: requests.counters, sending: sending,
            deadline: route.configuration.publishDeadline,
            answersFailures: route.configuration.answersFailures)
    }
}
