#if EventLoop
    import CEvent
    import Glibc

    /// A thread for one call of the system that waits and that nothing can end early.
    package enum BlockingCall {
        private final class Body: Sendable {
            let name: String
            let run: @Sendable () -> Void

            init(_ name: String, _ run: @escaping @Sendable () -> Void) {
                self.name = name
                self.run = run
            }
        }

        /// Calls `body` on a thread of this name, of which the system shows 15 bytes, and returns at once. Throws `.system`
        /// where there is no thread left; then it is not called.
        package static func begin(_ name: String, _ body: @escaping @Sendable () -> Void) throws(StreamError) {
            let context = Unmanaged.passRetained(Body(name, body))
            var thread = pthread_t()
            let status = pthread_create(&thread, nil, blockingThread, context.toOpaque())
            if status == 0 { return }
            context.release()
            throw StreamError(.system, "there is no thread for \(name)", number: status)
        }

        private static let blockingThread: @convention(c) (UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? = {
            guard let context = $0 else { return nil }
            pthread_detach(pthread_self())
            let body = Unmanaged<Body>.fromOpaque(context).takeRetainedValue()
            CEvent_name_thread(String(decoding: body.name.utf8.prefix(15), as: UTF8.self))
            body.run()
            return nil
        }
    }
#endif
