#if RabbitMQ
    import CRabbitMQ
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

    /// A message that the server has sent to a consumer. An object: it is handed on several times before somebody has it.
    final class Incoming: Sendable {
        let deliver: ServerMethod.Deliver
        /// With its message, which has its body.
        let head: ContentHead

        init(_ deliver: ServerMethod.Deliver, _ head: consuming ContentHead) {
            self.deliver = deliver
            self.head = head
        }
    }

    /// A channel as its connection has it: who hears it, what waits for an answer, and the content that is on its way, whose
    /// frames come one after the other. On the connection's loop.
    final class AMQPChannel {
        let number: Int
        var hear: (@Sendable (ChannelEvent) -> Void)?
        var waiting = RingBuffer<(answer: UInt32, waiter: Waiter<Result<ServerMethod.Answer, BrokerError>>)>()
        /// Nothing may be sent on it any more.
        var isClosing = false
        /// What a content is on its way for: what is returned, or else a delivery.
        private var deliver: ServerMethod.Deliver?
        private var returned: ServerMethod.Returned?
        private var head: ContentHead?
        private var bytes: [UInt8] = []
        private var delivered: [Incoming] = []

        init(_ number: Int, _ hear: (@Sendable (ChannelEvent) -> Void)?) {
            self.number = number
            self.hear = hear
        }

        func begin(_ next: UnsafePointer<amqp_basic_deliver_t>) {
            if deliver == nil { deliver = ServerMethod.Deliver(next.pointee) } else { deliver?.becomes(next.pointee) }
            (returned, head) = (nil, nil)
        }

        func begin(_ returned: ServerMethod.Returned) {
            self.returned = returned
            head = nil
        }

        /// Whether something is to be handed over now that was not before.
        func begin(_ properties: UnsafePointer<amqp_basic_properties_t>, bodyCount count: Int) -> Bool {
            if deliver == nil, returned == nil { return false }
            head = ContentHead(properties.pointee, bodyCount: count)
            return count == 0 && finish([])
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
            head.message.body = head.isNull ? .null : Body(bytes)
            if let returned = returned.take() {
                tell(.returned(returned, head))
            } else if let deliver {
                delivered.append(Incoming(deliver, head))
                return delivered.count == 1
            }
            return false
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
