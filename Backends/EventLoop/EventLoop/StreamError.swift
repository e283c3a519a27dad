#if EventLoop
    import Glibc

    /// Why a stream or a listener could not do what it was asked.
    package struct StreamError: Error, Hashable, Sendable, CustomStringConvertible {
        /// What to act on.
        package enum Code: Hashable, Sendable {
            /// The host's name is not known.
            case unresolved
            /// There is no connection: nobody listens, or the network refuses.
            case unreachable
            /// The time was up.
            case timedOut
            /// TLS could not be agreed on, or the other side is not who it should be.
            case untrusted
            /// The connection went without a goodbye.
            case lost
            /// It was closed here, or its loop was.
            case closed
            /// The task that waited was cancelled. The stream lives on.
            case cancelled
            /// The system has none left of what is needed, or refuses it.
            case system
        }

        /// What to act on.
        package let code: Code
        /// What happened to what: lower case, one sentence, no secrets.
        package let sentence: String
        /// The system's error number, where there is one.
        package let number: Int32?

        package init(_ code: Code, _ sentence: String, number: Int32? = nil) {
            self.code = code
            self.sentence =
                number.map { "\(sentence): \(strerror($0).map { String(cString: $0) } ?? "error \($0)")" } ?? sentence
            self.number = number
        }

        /// The sentence.
        package var description: String { sentence }
    }
#endif
