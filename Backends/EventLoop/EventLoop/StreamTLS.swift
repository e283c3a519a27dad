#if EventLoop
    /// How a stream is encrypted: TLS 1.2 or later.
    package struct StreamTLS: Hashable, Sendable {
        /// Whether the server must prove that it is the host that was asked for. Default: it must.
        package var verify = true
        /// The file of the certificates that are trusted. Default: the system's.
        package var authority: String?
        /// The file of this side's certificate, with what is between it and the authority. A server needs one.
        package var certificate: String?
        /// The file of its key.
        package var key: String?

        /// A client as strict as can be.
        package init() {}
    }
#endif
