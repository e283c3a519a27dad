#if EventLoop
    /// A look-up of a host's name: the system's call waits, and nothing can end it early.
    enum Resolution {
        typealias Answer = Result<[SocketAddress], StreamError>

        /// Calls `answer` with the host's addresses: at once where the host is a number, else from a thread of its own.
        static func begin(_ host: String, port: Int, then answer: @escaping @Sendable (Answer) -> Void) {
            if let known = try? SocketAddress.look(up: host, port: port, isNumeric: true) {
                return answer(.success(known))
            }
            do throws(StreamError) {
                try BlockingCall.begin("resolver") {
                    let found = Answer { () throws(StreamError) in
                        try SocketAddress.look(up: host, port: port, isNumeric: false)
                    }
                    answer(found)
                }
            } catch {
                answer(.failure(error))
            }
        }
    }
#endif
