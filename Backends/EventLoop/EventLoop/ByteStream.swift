#if EventLoop
    /// A connection over TCP or TLS, on its loop. An actor on the same loop reaches it without a switch
    /// (`assumeIsolated`).
    ///
    /// What has come and is not read is at most 256 KiB, then the peer must wait; who writes waits while that much is
    /// unsent. Letting go of it closes it.
    package actor ByteStream {
        /// What a listener hears of a stream.
        package enum Signal: Sendable {
            /// Bytes have come: `consume` hands them over.
            case bytes
            /// Of what was written half or more of the mark is sent.
            case room
            /// It is over: nil where the peer has ended in order. What came before can still be consumed.
            case ended(StreamError?)
        }

        /// How many bytes may wait in a direction.
        static let mark = 262_144

        enum Moment: Hashable, Sendable {
            case resolved
            case connected
            case bytes
            case room
        }

        private enum Ending: Sendable {
            case byPeer
            case error(StreamError)
        }

        package nonisolated let loop: EventLoop
        package nonisolated var unownedExecutor: UnownedSerialExecutor { loop.asUnownedSerialExecutor() }
        /// The host and port, for sentences.
        package nonisolated let peer: String

        private var handle: StreamHandle?
        private var isConnected = false
        private var ending: Ending?
        private var waiting = LoopWaiting<Moment>()
        private var listener: (@Sendable (Signal) -> Void)?
        var answer: Resolution.Answer?
        var dialled: Occasion = []

        init(to peer: String, on loop: EventLoop) {
            self.peer = peer
            self.loop = loop
        }

        isolated deinit { handle?.close(reset: false) }

        /// Returns when TLS is agreed on; at once where the stream is plain. A client's stream is when `connect` returns.
        /// Throws `.untrusted` where it cannot be, and `.timedOut`, which closes the stream.
        package func secured(within limit: Duration) async throws(StreamError) {
            if isConnected { return }
            let alarm = alarm(after: limit, "TLS with \(peer) was not agreed on within \(limit)")
            defer { alarm.cancel() }
            while !isConnected { try await wait(for: .connected) }
        }

        /// What has come, as soon as there is a byte of it, with at most `limit` of them; nil when the peer has ended, once
        /// everything is read. Throws `.lost`, `.untrusted`, `.closed`, and `.cancelled`, which takes nothing.
        package func read(upTo limit: Int = 65_536) async throws(StreamError) -> [UInt8]? {
            while true {
                if let bytes = handle?.take(max(1, limit)), !bytes.isEmpty { return bytes }
                if case .byPeer = ending { return nil }
                try await wait(for: .bytes)
            }
        }

        /// Calls `action` on the loop with whatever happens from now on: for an actor on the same loop, which then has no task
        /// that reads. The last is `.ended`, also of an end that was before, and of `close`.
        package func listen(_ action: @escaping @Sendable (Signal) -> Void) {
            if case .error(let error) = ending { return action(.ended(error)) }
            listener = action
            if handle?.hasBytes == true { action(.bytes) }
            if case .byPeer = ending { tell(.ended(nil)) }
        }

        /// Hands over what has come where it lies, piece after piece, until `body` answers false, and lets go of it. On the
        /// loop alone.
        package nonisolated func consumeHere(_ body: (UnsafeRawBufferPointer) -> Bool) {
            let handle = assumeIsolated { $0.handle }
            handle?.consume(body)
        }

        /// As `append`, for those who run on the loop, and who say with `flushHere` when it goes out; false where there is no
        /// connection any more.
        @discardableResult package nonisolated func appendHere(_ bytes: UnsafeRawBufferPointer) -> Bool {
            let handle = assumeIsolated { $0.handle }
            return bytes.isEmpty || handle?.append(bytes) == true
        }

        /// Hands what was appended to the system at once, as far as that takes it; the rest goes out as it can. False where
        /// something waits: `room` is told of once half of it is sent.
        @discardableResult package nonisolated func flushHere() -> Bool {
            let handle = assumeIsolated { $0.handle }
            handle?.flush()
            return handle?.unsent == 0
        }

        /// Tells the listener, and nothing after the end.
        private func tell(_ signal: Signal) {
            let listener = listener
            if case .ended = signal { self.listener = nil }
            listener?(signal)
        }

        /// Copies bytes behind those that wait to be sent, however many these are: for an actor that has asked for `room`.
        package func append(_ bytes: UnsafeRawBufferPointer) throws(StreamError) {
            if case .error(let error) = ending { throw error }
            if bytes.isEmpty || handle?.append(bytes) == true { handle?.flush(); return }
            throw StreamError(.closed, "nothing can be written to \(peer): there is no connection")
        }

        /// How many bytes wait to be sent.
        package var unsent: Int { handle?.unsent ?? 0 }

        /// Returns when fewer than 256 KiB wait to be sent. Throws `.lost`, `.untrusted`, `.closed` and `.cancelled`.
        package func room() async throws(StreamError) {
            if case .error(let error) = ending { throw error }
            while let handle, handle.unsent >= Self.mark { try await wait(for: .room) }
        }

        /// Waits for room and hands the bytes over, all together: no other write comes between. Throws as `room`, and then
        /// has written nothing.
        package func write(_ bytes: [UInt8]) async throws(StreamError) {
            try await room()
            let outcome = bytes.withUnsafeBytes { bytes in
                Result<Void, StreamError> { () throws(StreamError) in try append(bytes) }
            }
            try outcome.get()
        }

        /// Returns when everything that was written is handed to the system. Throws as `room`.
        package func flush() async throws(StreamError) {
            if case .error(let error) = ending { throw error }
            while let handle, handle.unsent > 0 { try await wait(for: .room) }
        }

        /// Flushes, and tells the peer that nothing follows. What the peer sends can still be read. Throws as `room`.
        package func finish() async throws(StreamError) {
            try await flush()
            handle?.finish()
        }

        /// Ends the connection with a goodbye; what is unsent is dropped. Whoever waits is told `.closed`.
        package func close() { end(StreamError(.closed, "the connection to \(peer) is closed")) }

        /// Ends the connection without a goodbye, as the peer's system does when its process is killed.
        package func reset() {
            end(StreamError(.closed, "the connection to \(peer) was cut here"), reset: true)
        }

        /// Takes over a connected socket.
        func attach(_ descriptor: Int32, tls: TLSHandle?, isServer: Bool) throws(StreamError) {
            handle = try StreamHandle(
                descriptor, to: peer, tls: tls, isServer: isServer, on: loop.handle
            ) { [weak self] occasion in
                self?.assumeIsolated { $0.hear(occasion) }
            }
            isConnected = tls == nil
        }

        private func hear(_ occasion: StreamOccasion) {
            switch occasion {
            case .connected:
                isConnected = true
                waiting.wake(.connected)
            case .bytes:
                waiting.wake(.bytes)
                tell(.bytes)
            case .room:
                waiting.wake(.room)
                tell(.room)
            case .end:
                if ending == nil { ending = .byPeer }
                waiting.wake(.bytes)
                tell(.ended(nil))
            case .failed(let error):
                // What came before the failure can still be read. A peer that has ended can still fail to take what is sent.
                if case .error = ending {} else { ending = .error(error) }
                waiting.wakeAll()
                tell(.ended(error))
            case .loopEnded:
                end(StreamError(.closed, "the connection to \(peer) ended with its event loop"))
            }
        }

        func end(_ error: StreamError, reset: Bool = false) {
            if case .error = ending {} else { ending = .error(error) }
            handle?.close(reset: reset)
            handle = nil
            waiting.wakeAll(error)
            tell(.ended(error))
        }

        func wake(_ moment: Moment) { waiting.wake(moment) }

        /// Ends the stream when the time has passed.
        func alarm(after limit: Duration, _ sentence: String) -> LoopEvent {
            loop.timer(after: limit) { [weak self] occasion in
                let code: StreamError.Code = occasion == .end ? .closed : .timedOut
                self?.assumeIsolated { $0.end(StreamError(code, sentence)) }
            }
        }

        /// Waits for a moment, after which the caller looks again.
        func wait(for moment: Moment) async throws(StreamError) {
            if case .error(let error) = ending { throw error }
            let number = waiting.next()
            let error = await withTaskCancellationHandler {
                await withCheckedContinuation { waiting.add($0, for: moment, number: number) }
            } onCancel: {
                loop.perform { [weak self] in self?.assumeIsolated { $0.waiting.cancel(number) } }
            }
            if let error { throw error }
        }
    }
#endif
