#if EventLoop
    extension BrokerProxy {
        /// Ends every connection at once. New ones are let through. Throws as `apply`.
        public func cut() async throws { try await apply(.cut) }
        /// Passes half of what clients send next, then does as `cut`. Throws as `apply`.
        public func cutWhileSending() async throws { try await apply(.cutWithin(.toServer)) }
        /// Passes half of what the server sends next, then does as `cut`. Throws as `apply`.
        public func cutWhileReceiving() async throws { try await apply(.cutWithin(.toClient)) }
        /// Passes nothing on, either way, and says nothing of it. Throws as `apply`.
        public func blackHole() async throws { try await apply(.blackHole) }
        /// Ends every connection, and refuses new ones. Throws as `apply`.
        public func refuse() async throws { try await apply(.refuse) }
    }
#endif
