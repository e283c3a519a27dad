#if EventLoop
    import CEvent
    import Glibc
    import SwiftOverlayShims

    /// What a stream hears from its bufferevent, on the loop.
    enum StreamOccasion: Sendable {
        case connected
        case bytes
        case room
        case end
        case failed(StreamError)
        case loopEnded
    }

    /// One bufferevent with its socket, plain or TLS.
    ///
    /// `@unchecked Sendable`: touched on the loop's thread alone.
    final class StreamHandle: LoopMember, @unchecked Sendable {
        private let peer: String
        private let tell: @Sendable (StreamOccasion) -> Void
        private var pointer: OpaquePointer?
        private var session: OpaquePointer?
        private weak var loop: LoopHandle?
        private var isConnected = false

        /// Takes the socket over, which must be connected; it is closed when that fails.
        init(
            _ descriptor: Int32, to peer: String, tls: TLSHandle?, isServer: Bool, on loop: LoopHandle,
            _ tell: @escaping @Sendable (StreamOccasion) -> Void
        ) throws(StreamError) {
            self.peer = peer
            self.tell = tell
            self.loop = loop
            do {
                session = try tls?.session(with: peer)
            } catch {
                Glibc.close(descriptor)
                throw error
            }
            let flags = CInt(BEV_OPT_CLOSE_ON_FREE.rawValue)
            if let base = loop.base {
                if let session {
                    let state = isServer ? BUFFEREVENT_SSL_ACCEPTING : BUFFEREVENT_SSL_CONNECTING
                    pointer = bufferevent_openssl_socket_new(base, descriptor, session, state, flags)
                } else {
                    pointer = bufferevent_socket_new(base, descriptor, flags)
                }
            }
            guard let pointer else {
                Glibc.close(descriptor)
                if loop.base == nil, let session { SSL_free(session) }
                throw StreamError(.closed, "there is no loop for the connection to \(peer)")
            }
            isConnected = session == nil
            var on: CInt = 1
            setsockopt(descriptor, CInt(IPPROTO_TCP), TCP_NODELAY, &on, socklen_t(MemoryLayout<CInt>.size))
            bufferevent_setcb(
                pointer, streamReadable, streamWritten, streamEvent, Unmanaged.passUnretained(self).toOpaque())
            bufferevent_setwatermark(pointer, Int16(EV_READ), 0, ByteStream.mark)
            bufferevent_setwatermark(pointer, Int16(EV_WRITE), ByteStream.mark / 2, 0)
            bufferevent_set_max_single_read(pointer, 65_536)
            bufferevent_set_max_single_write(pointer, 65_536)
            loop.join(self)
            // A plain one is written to at once, and is watched only where the system does not take everything.
            bufferevent_disable(pointer, Int16(EV_WRITE))
            bufferevent_enable(pointer, Int16(session == nil ? EV_READ : EV_READ | EV_WRITE))
        }

        /// Takes what has come, up to a limit.
        func take(_ limit: Int) -> [UInt8] {
            guard let input = pointer.flatMap({ bufferevent_get_input($0) }) else { return [] }
            let count = min(limit, evbuffer_get_length(input))
            if count <= 0 { return [] }
            return [UInt8](unsafeUninitializedCapacity: count) { bytes, taken in
                taken = max(0, Int(evbuffer_remove(input, bytes.baseAddress, count)))
            }
        }

        /// Whether something has come that is not taken.
        var hasBytes: Bool {
            pointer.flatMap { bufferevent_get_input($0) }.map { evbuffer_get_length($0) > 0 } ?? false
        }

        /// Hands over what has come where it lies, and lets go of it.
        func consume(_ body: (UnsafeRawBufferPointer) -> Bool) {
            while let input = pointer.flatMap({ bufferevent_get_input($0) }) {
                var piece = iovec()
                guard evbuffer_peek(input, -1, nil, &piece, 1) >= 1, piece.iov_len > 0 else { return }
                let goesOn = body(UnsafeRawBufferPointer(start: piece.iov_base, count: piece.iov_len))
                // The stream may have been closed meanwhile.
                guard pointer != nil else { return }
                evbuffer_drain(input, piece.iov_len)
                if !goesOn { return }
            }
        }

        /// How many bytes wait to be sent.
        var unsent: Int {
            pointer.flatMap { bufferevent_get_output($0) }.map { evbuffer_get_length($0) } ?? 0
        }

        /// Copies bytes behind those that wait; false where there is no memory. They go out with `flush`, those of a stream over
        /// TLS by themselves.
        func append(_ bytes: UnsafeRawBufferPointer) -> Bool {
            guard let pointer else { return false }
            return bufferevent_write(pointer, bytes.baseAddress, bytes.count) == 0
        }

        /// Hands what waits to the system, as far as that takes it; the rest goes out as it can. What the socket says otherwise
        /// than that is left to libevent.
        func flush() {
            guard session == nil, let pointer, let output = bufferevent_get_output(pointer),
                bufferevent_get_enabled(pointer) & Int16(EV_WRITE) == 0
            else { return }
            evbuffer_unfreeze(output, 1)
            evbuffer_write(output, bufferevent_getfd(pointer))
            evbuffer_freeze(output, 1)
            if evbuffer_get_length(output) > 0 { bufferevent_enable(pointer, Int16(EV_WRITE)) }
        }

        /// What waited is sent: the socket is not watched any more.
        fileprivate func written() {
            if session == nil, let pointer, unsent == 0 { bufferevent_disable(pointer, Int16(EV_WRITE)) }
            hear(.room)
        }

        /// Tells the peer that nothing follows what was sent. What waits must be flushed before.
        func finish() {
            guard let pointer else { return }
            if let session { SSL_shutdown(session) }
            shutdown(bufferevent_getfd(pointer), CInt(SHUT_WR))
        }

        /// Frees it; what waits is dropped. A reset leaves the peer without a goodbye.
        func close(reset: Bool) {
            guard let pointer else { return }
            self.pointer = nil
            if reset {
                var linger = linger(l_onoff: 1, l_linger: 0)
                let count = socklen_t(MemoryLayout<linger>.size)
                setsockopt(bufferevent_getfd(pointer), SOL_SOCKET, SO_LINGER, &linger, count)
            } else if let session, isConnected {
                SSL_shutdown(session)
            }
            session = nil
            bufferevent_free(pointer)
            loop?.leave(self)
        }

        func endWithLoop() {
            close(reset: false)
            tell(.loopEnded)
        }

        /// libevent 2.1 reads 4 KiB at a time; where that was not all, what follows is read here, in one piece. What the socket
        /// says otherwise it says to libevent: nothing is read here from one that has failed or ended.
        fileprivate func readOn() {
            guard session == nil, let pointer, let input = bufferevent_get_input(pointer) else { return }
            let length = evbuffer_get_length(input)
            guard length >= 4_096, length < ByteStream.mark - Self.piece else { return }
            evbuffer_unfreeze(input, 0)
            defer { evbuffer_freeze(input, 0) }
            var space = iovec()
            guard evbuffer_reserve_space(input, Self.piece, &space, 1) == 1 else { return }
            var waiting: CInt = 0
            let descriptor = bufferevent_getfd(pointer)
            guard ioctl(descriptor, UInt(FIONREAD), &waiting) == 0, waiting > 0 else { return }
            let count = recv(descriptor, space.iov_base, min(space.iov_len, Int(waiting)), CInt(MSG_DONTWAIT))
            guard count > 0 else { return }
            space.iov_len = count
            evbuffer_commit_space(input, &space, 1)
        }

        /// What is read at once: with libevent's own bytes 64 KiB of memory.
        private static let piece = 65_536 - 256

        fileprivate func hear(_ occasion: StreamOccasion) { if pointer != nil { tell(occasion) } }

        fileprivate func happened(_ what: Int32, _ number: Int32) {
            if what & BEV_EVENT_CONNECTED != 0 {
                isConnected = true
                hear(.connected)
            } else if what & BEV_EVENT_EOF != 0 {
                isConnected
                    ? hear(.end)
                    : hear(.failed(StreamError(.untrusted, "\(peer) ended the connection instead of agreeing on TLS")))
            } else if what & BEV_EVENT_ERROR != 0 {
                hear(.failed(failure(number)))
            }
        }

        private func failure(_ number: Int32) -> StreamError {
            let code = pointer.map { bufferevent_get_openssl_error($0) } ?? 0
            ERR_clear_error()
            if let session, let reason = TLSHandle.reason(code, session: session) {
                return isConnected
                    ? StreamError(.lost, "the connection to \(peer) is lost: \(reason)")
                    : StreamError(.untrusted, "no TLS with \(peer): \(reason)")
            }
            return StreamError(.lost, "the connection to \(peer) is lost", number: number == 0 ? ECONNRESET : number)
        }
    }

    private func stream(_ context: UnsafeMutableRawPointer?) -> StreamHandle? {
        context.map { Unmanaged<StreamHandle>.fromOpaque($0).takeUnretainedValue() }
    }

    private let streamReadable: @convention(c) (OpaquePointer?, UnsafeMutableRawPointer?) -> Void = {
        let handle = stream($1)
        handle?.readOn()
        handle?.hear(.bytes)
    }

    private let streamWritten: @convention(c) (OpaquePointer?, UnsafeMutableRawPointer?) -> Void = {
        stream($1)?.written()
    }

    private let streamEvent: @convention(c) (OpaquePointer?, Int16, UnsafeMutableRawPointer?) -> Void = {
        let number = errno
        stream($2)?.happened(Int32($1), number)
    }
#endif
