import Messaging

/// The middlewares of a hub, composed into one closure for each direction when the hub is made.
final class MiddlewareChain: Sendable {
    private let publishing: @Sendable (PublishCall) async throws -> Published
    private let handling: @Sendable (HandleCall) async throws -> Handled
    /// Whose they are, in words.
    private let names: String

    /// Nil where there are none, so that nothing stands on the way of a message then.
    init?(_ middlewares: [any Middleware]) {
        if middlewares.isEmpty { return nil }
        var publishing: @Sendable (PublishCall) async throws -> Published = { call in
            try await call.progress.publish(call.messages)
        }
        var handling: @Sendable (HandleCall) async throws -> Handled = { call in
            try await call.progress.run(call.delivery)
        }
        for middleware in middlewares.reversed() {
            let (published, handled) = (publishing, handling)
            publishing = { try await middleware.publish($0, next: Next(published)) }
            handling = { try await middleware.handle($0, next: Next(handled)) }
        }
        self.publishing = publishing
        self.handling = handling
        names = middlewares.map { String(describing: type(of: $0)) }.joined(separator: ", ")
    }

    /// Publishes through them.
    func publish(
        _ messages: [Message], by publisher: Publisher, _ options: PublishOptions
    ) async throws -> PublishReceipt {
        try await run(messages, by: publisher) { (messages) throws(PublishFailure) in
            if messages.count == 1 { return try await publisher.publish(messages[0], options) }
            return try await publisher.publish(messages, options)
        }
    }

    /// Asks through them: `next` returns when the reply is there. Once it has thrown, another call of it is a request of its own.
    func request(
        _ message: Message, by publisher: Publisher,
        ask: @escaping @Sendable (Message) async throws(BrokerError) -> Message
    ) async throws -> Message {
        let reply = Waiter<Message>()
        do {
            _ = try await run([message], by: publisher) { (messages) throws(PublishFailure) in
                do throws(BrokerError) { reply.resolve(try await ask(messages[0])) } catch {
                    throw PublishFailure([0: .unknown(error)], of: 1)
                }
                return PublishReceipt()
            }
        } catch let failure as PublishFailure {
            throw failure.first
        }
        guard case .value(let answer) = await reply.waitUncancelled() else { throw CancellationError() }
        return answer
    }

    private func run(
        _ messages: [Message], by publisher: Publisher,
        send: @escaping @Sendable ([Message]) async throws(PublishFailure) -> PublishReceipt
    ) async throws -> PublishReceipt {
        let place = "\(publisher.destination) has \(names)"
        let progress = PublishProgress(publisher, count: messages.count, at: place, send: send)
        let call = PublishCall(destination: publisher.destination, messages: messages, progress: progress)
        let published: Published
        do { published = try await publishing(call) } catch { throw progress.failure(for: error) }
        return try progress.receipt(of: published)
    }

    /// A handler with them around it.
    func around(
        _ handler: DeliveryRunner.Handler, _ destinations: DeliveryDestinations, group: GroupName?,
        _ observer: HubObserver
    ) -> DeliveryRunner.Handler {
        let place = "\(destinations.label) has \(names)"
        return .forwarding { [handling] delivery in
            let progress = HandleProgress(handler, at: place)
            let call = HandleCall(
                destination: destinations.origin(of: delivery), group: group, delivery: delivery, progress: progress)
            do {
                let handled = try await handling(call)
                _ = progress.end()
                return try progress.forwarded(of: handled)
            } catch {
                if progress.end() == .returned {
                    observer.state(
                        .warning, "middleware failed after its handler",
                        [(TelemetryNames.messageID, delivery.message.id.description), ("error", "\(error)")])
                }
                throw error
            }
        }
    }
}
