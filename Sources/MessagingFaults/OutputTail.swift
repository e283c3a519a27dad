#if EventLoop
    import Messaging

    /// The last of what a process has written.
    final class OutputTail: Sendable {
        /// How many bytes are kept.
        static let limit = 65_536
        private let bytes = Lock<[UInt8]>([])

        var text: String { bytes.withLock { String(decoding: $0, as: UTF8.self) } }

        func add(_ more: [UInt8]) {
            bytes.withLock { bytes in
                bytes += more
                if bytes.count > Self.limit { bytes.removeFirst(bytes.count - Self.limit) }
            }
        }
    }
#endif
