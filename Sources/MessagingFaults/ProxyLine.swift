#if EventLoop
    import EventLoop
    import Messaging

    /// One direction of a proxied connection: what was read and is not passed on yet. Touched on the proxy's loop alone.
    final class ProxyLine {
        struct Piece: Sendable {
            let due: Duration
            /// Nil: the peer has ended.
            let bytes: [UInt8]?
        }

        /// How many bytes may wait: a delay lets this much through in its time.
        static let capacity = 1 << 20

        private var pieces = RingBuffer<Piece>()
        private var count = 0

        var isFull: Bool { count >= Self.capacity }
        var first: Piece? { pieces.first }

        func append(_ piece: Piece) {
            pieces.append(piece)
            count += piece.bytes?.count ?? 0
        }

        func removeFirst() { count -= pieces.popFirst()?.bytes?.count ?? 0 }
    }

    /// A connection through the proxy.
    struct ProxyConnection {
        let client: ByteStream
        var server: ByteStream?
        let lines: [ProxyDirection: ProxyLine] = [.toServer: ProxyLine(), .toClient: ProxyLine()]
    }
#endif
