import Foundation
public import Messaging

extension MessageHub {
    /// Publishes a message; returns once its broker has taken responsibility for it.
    ///
    /// What fails and may succeed later is repeated, as the route's publish policy says, within its deadline, which
    /// counts from the call on; what may have arrived, only where the route accepts duplicates. Throws `PublishFailure`
    /// with the outcome. Our count of copies, `hub-attempt`, is removed; the headers of a dead letter stay, as a record of
    /// where it has been.
    @discardableResult
    public func publish(_ message: Message, to topic: Topic) async throws -> PublishReceipt {
        if let middlewares { return try await publish([message], to: topic, through: middlewares) }
        if message.headers.isEmpty, let known = publishers.known(topic) {
            return try await known.publish(message, known.options)
        }
        let (publisher, options) = try await ready(topic, count: 1)
        return try await publisher.publish(message.withoutAttempt, options)
    }

    /// Publishes many, as one call to the broker; each is answered for.
    ///
    /// Throws `PublishFailure`, which names by its index each message that was not confirmed in the end; the others
    /// were. Only those that were not confirmed are repeated.
    @discardableResult
    public func publish(_ messages: [Message], to topic: Topic) async throws -> PublishReceipt {
        if messages.isEmpty { return PublishReceipt() }
        if let middlewares { return try await publish(messages, to: topic, through: middlewares) }
        let (publisher, options) = try await ready(topic, count: messages.count)
        let clean = messages.allSatisfy(\.headers.isEmpty) ? messages : messages.map(\.withoutAttempt)
        return try await publisher.publish(clean, options)
    }

    /// Publishes a value as JSON, with its type's name as the message's type. The encoder's bytes are copied once.
    ///
    /// Throws `PublishFailure` as the others do; a value that cannot be encoded is refused with `.serialization`.
    @discardableResult
    public func publish<Value: Encodable & Sendable>(
        _ value: Value, to topic: TypedTopic<Value>, key: String? = nil, headers: Headers = Headers()
    ) async throws -> PublishReceipt {
        let message: Message
        do throws(BrokerError) {
            message = try Self.encoded(value, for: topic.topic, key: key, headers: headers)
        } catch {
            throw PublishFailure.refused(error, count: 1)
        }
        return try await publish(message, to: topic.topic)
    }

    /// A value as a message of JSON, with its type's name.
    static func encoded<Value: Encodable>(
        _ value: Value, for topic: Topic, key: String? = nil, headers: Headers = Headers()
    ) throws(BrokerError) -> Message {
        let body: Body
        do { body = try JSONEncoder().encode(value).withUnsafeBytes { Body(copying: $0) } } catch {
            let sentence = "value of type \(Value.self) for topic \(topic) cannot be encoded as JSON: \(error)"
            throw BrokerError(.serialization, sentence)
        }
        return Message(body, type: String(describing: Value.self), key: key, headers: headers, contentType: .json)
    }

    private func publish(
        _ messages: [Message], to topic: Topic, through middlewares: MiddlewareChain
    ) async throws -> PublishReceipt {
        let (publisher, options) = try await ready(topic, count: messages.count)
        return try await middlewares.publish(messages, by: publisher, options)
    }

    /// The way of a publish to a topic once the hub runs; waits for that up to the publish deadline of the route, of
    /// which what is left goes with it.
    private func ready(
        _ topic: Topic, count: Int
    ) async throws(PublishFailure) -> (Publisher, PublishOptions) {
        if let known = publishers.known(topic) { return (known, known.options) }
        let start = environment.time.uptime
        let deadline = table.route(of: topic)?.configuration.publishDeadline ?? .seconds(30)
        _ = await settled.wait(atMost: deadline, on: environment.time)
        do throws(BrokerError) {
            let publisher = try await publishers.publisher(of: topic)
            var options = publisher.options
            options.deadline = max(.zero, options.deadline - (environment.time.uptime - start))
            return (publisher, options)
        } catch {
            publishers.counters.publishFailed.add(count)
            throw .refused(error, count: count)
        }
    }
}
