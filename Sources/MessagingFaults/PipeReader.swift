#if EventLoop
    import EventLoop
    import Glibc
    import Messaging
    import MessagingTesting

    /// Reads a pipe to its end, or to the end of its loop, and closes it then.
    final class PipeReader: Sendable {
        private struct State: Sendable {
            var event: LoopEvent?
            var isOver = false
        }

        /// Whether everything was read.
        let hasEnded = Observed(false)
        private let descriptor: Int32
        private let take: @Sendable ([UInt8]) -> Void
        private let state = Lock(State())

        /// Takes the descriptor over, and gives what comes to `take`, on the loop.
        @discardableResult init(_ descriptor: Int32, on loop: EventLoop, _ take: @escaping @Sendable ([UInt8]) -> Void)
        {
            self.descriptor = descriptor
            self.take = take
            let event = loop.watch(descriptor, for: .readable) { [self] occasion in
                if occasion == .end || !read() { end() }
            }
            state.withLock { if !$0.isOver { $0.event = event } }
        }

        /// Reads what there is; false at the end.
        private func read() -> Bool {
            var isOpen = true
            let bytes = [UInt8](unsafeUninitializedCapacity: 65_536) { buffer, count in
                let result = Glibc.read(descriptor, buffer.baseAddress, buffer.count)
                count = max(0, result)
                isOpen = result > 0 || (result < 0 && (errno == EAGAIN || errno == EINTR))
            }
            if !bytes.isEmpty { take(bytes) }
            return isOpen
        }

        private func end() {
            let event: LoopEvent? = state.withLock { state in
                if state.isOver { return nil }
                state.isOver = true
                defer { state.event = nil }
                return state.event
            }
            event?.cancel()
            close(descriptor)
            hasEnded.change { $0 = true }
        }
    }
#endif
