#if RabbitMQ
    import Messaging

    /// What an owner of a channel hears, on the connection's loop.
    enum ChannelEvent: Sendable {
        /// Messages that have come in one piece, in their order.
        case delivered([Incoming])
        case returned(ServerMethod.Returned, ContentHead)
        case confirmed(tag: UInt64, multiple: Bool)
        case refused(tag: UInt64, multiple: Bool)
        case cancelled(consumer: String)
        /// The channel is gone: closed by the server, or with its connection. The last event.
        case closed(BrokerError)
    }

    /// A message that the server has sent to a consumer.
    struct Incoming: Sendable {
        var deliver: ServerMethod.Deliver
        /// With its message, which has its body.
        var head: ContentHead
    }

    /// A channel as its connection has it: who hears it, what waits for an answer, and the content that is on its way, whose
    /// frames come one after the other. On the connection's loop.
    final class AMQPChannel {
        private enum Content {
            case none
            case delivery(ServerMethod.Deliver)
            case returned(ServerMethod.Returned)
        }

        let number: Int
        var hear: (@Sendable (ChannelEvent) -> Void)?
        var waiting = RingBuffer<(answer: UInt32, waiter: Waiter<Result<ServerMethod.Answer, BrokerError>>)>()
        /// Nothing may be sent on it any more.
        var isClosing = false
        private var content = Content.none
        private var head: ContentHead?
        private var bytes: [UInt8] = []
        private var delivered: [Incoming] = []

        init(_ number: Int, _ hear: (@Sendable (ChannelEvent) -> Void)?) {
            self.number = number
            self.hear = hear
        }

        func begin(_ deliver: ServerMethod.Deliver) {
            content = .delivery(deliver)
            head = nil
        }

        func begin(_ returned: ServerMethod.Returned) {
            content = .returned(returned)
            head = nil
        }

        /// Whether something is to be handed over now that was not before.
        func begin(_ head: ContentHead) -> Bool {
            if case .none = content { return false }
            self.head = head
            return head.bodyCount == 0 && finish([])
        }

        /// The same of a piece of a body.
        func add(_ piece: UnsafeRawBufferPointer) -> Bool {
            guard let count = head?.bodyCount else { return false }
            if piece.count >= count { return finish(Array(piece.prefix(count))) }
            if bytes.isEmpty { bytes.reserveCapacity(min(count, 16 << 20)) }
            bytes.append(contentsOf: UnsafeRawBufferPointer(rebasing: piece.prefix(count - bytes.count)))
            if bytes.count < count { return false }
            defer { bytes = [] }
            return finish(bytes)
        }

        private func finish(_ bytes: [UInt8]) -> Bool {
            guard var head = head.take() else { return false }
            defer { content = .none }
            head.message.body = head.isNull ? .null : Body(bytes)
            switch content {
            case .none: return false
            case .delivery(let deliver):
                delivered.append(Incoming(deliver: deliver, head: head))
                return delivered.count == 1
            case .returned(let returned):
                tell(.returned(returned, head))
                return false
            }
        }

        /// Tells of what was delivered.
        func handOver() {
            if delivered.isEmpty { return }
            hear?(.delivered(delivered))
            delivered.removeAll(keepingCapacity: delivered.capacity <= 1_024)
        }

        /// Tells of something, behind what was delivered before.
        func tell(_ event: ChannelEvent) {
            handOver()
            hear?(event)
        }
    }
#endif
