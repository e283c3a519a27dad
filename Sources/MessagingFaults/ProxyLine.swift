#if EventLoop
    import EventLoop

    /// One direction of a proxied connection: what was read and is not passed on yet. Touched on the proxy's loop alone.
    struct ProxyLine {
        struct Piece: Sendable {
            let due: Duration
            /// Nil: the peer has ended.
            let bytes: [UInt8]?
        }

        /// How many bytes may wait: a delay lets this much through in its time.
        static let capacity = 1 << 20

        private var pieces: [Piece] = []
        private(set) var count = 0

        var first: Piece? { pieces.first }

        mutating func append(_ piece: Piece) {
            pieces.append(piece)
            count += piece.bytes?.count ?? 0
        }

        mutating func removeFirst() {
            if !pieces.isEmpty { count -= pieces.removeFirst().bytes?.count ?? 0 }
        }
    }

    /// A connection through the proxy.
    struct ProxyConnection {
        let client: ByteStream
        var server: ByteStream?
        var lines: [ProxyDirection: ProxyLine] = [.toServer: ProxyLine(), .toClient: ProxyLine()]
    }
#endif
