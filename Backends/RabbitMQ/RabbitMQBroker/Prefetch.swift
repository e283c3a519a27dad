#if RabbitMQ
    /// How many messages the server may send ahead, which counts them and not their bytes. A value.
    ///
    /// It begins with a few, and with as many as the window has once they have shown to be small enough. Where larger ones
    /// come later, what is too much goes back, and it begins again with as many as fit. A queue with one active consumer
    /// begins with the whole window: consuming once more would be another consumer.
    struct Prefetch: Sendable {
        enum Change: Sendable, Equatable {
            /// Consume once more, so many at a time.
            case add(Int)
            /// Consume anew, so many at a time.
            case restart(Int)
        }

        let count: Int
        let bytes: Int
        let isGrowing: Bool
        private var seen = 0
        private var largest = 1
        private var isWhole = false

        init(_ count: Int, bytes: Int, grows: Bool) {
            self.count = count
            self.bytes = bytes
            isGrowing = grows
            isWhole = !grows || count <= 16
        }

        /// How many to begin with.
        var first: Int { isGrowing ? min(count, 16) : count }

        /// What a delivery of this size asks for; one that did not fit any more begins again with fewer.
        mutating func change(after size: Int, isTaken: Bool) -> Change? {
            largest = max(largest, size)
            seen += 1
            if !isTaken {
                guard seen > 0 else { return nil }
                // Those that are on their way, too, go back, and ask for nothing more.
                seen = -65_536
                isWhole = true
                return .restart(max(1, min(count, bytes / largest)))
            }
            guard !isWhole, seen >= 16, largest <= bytes / count else { return nil }
            isWhole = true
            return .add(count - 16)
        }
    }
#endif
