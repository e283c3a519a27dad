#if EventLoop
    import Glibc
    import SwiftOverlayShims

    /// One address of a host, as the system writes it.
    struct SocketAddress: Hashable, Sendable {
        let family: Int32
        let bytes: [UInt8]

        /// A socket of this family that neither blocks nor is inherited; nil and `errno` where there is none.
        func open() -> Int32? {
            let kind = CInt(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue)
            let descriptor = socket(family, kind, 0)
            return descriptor < 0 ? nil : descriptor
        }

        /// Calls `body` with the address as C takes it.
        func with<Result>(_ body: (UnsafePointer<sockaddr>, socklen_t) -> Result?) -> Result? {
            bytes.withUnsafeBytes { raw in
                guard let start = raw.bindMemory(to: sockaddr.self).baseAddress else { return nil }
                return body(start, socklen_t(raw.count))
            }
        }

        /// The addresses of a host. With `isNumeric` names are not looked up, so that the call does not wait.
        static func look(
            up host: String, port: Int, isNumeric: Bool
        ) throws(StreamError) -> [SocketAddress] {
            var hints = addrinfo()
            hints.ai_socktype = CInt(SOCK_STREAM.rawValue)
            hints.ai_flags = CInt(AI_NUMERICSERV) | (isNumeric ? CInt(AI_NUMERICHOST) : CInt(AI_ADDRCONFIG))
            var found: UnsafeMutablePointer<addrinfo>?
            let status = getaddrinfo(host, String(port), &hints, &found)
            defer { if let found { freeaddrinfo(found) } }
            guard status == 0 else {
                let reason = gai_strerror(status).map { String(cString: $0) } ?? "error \(status)"
                throw StreamError(.unresolved, "the host \(host) is not known: \(reason); check its name")
            }
            var addresses: [SocketAddress] = []
            var next = found
            while let entry = next {
                let bytes = UnsafeRawBufferPointer(start: entry.pointee.ai_addr, count: Int(entry.pointee.ai_addrlen))
                addresses.append(SocketAddress(family: entry.pointee.ai_family, bytes: [UInt8](bytes)))
                next = entry.pointee.ai_next
            }
            return addresses
        }

        /// The port that a bound socket has; nil where it has none.
        static func port(of descriptor: Int32) -> Int? {
            withUnsafeTemporaryAllocation(byteCount: 128, alignment: 8) { raw in
                var count = socklen_t(raw.count)
                guard let address = raw.bindMemory(to: sockaddr.self).baseAddress,
                    getsockname(descriptor, address, &count) == 0
                else { return nil }
                return withUnsafeTemporaryAllocation(of: CChar.self, capacity: 16) { text in
                    let flags = CInt(NI_NUMERICSERV)
                    guard let start = text.baseAddress,
                        getnameinfo(address, count, nil, 0, start, socklen_t(text.count), flags) == 0
                    else { return nil }
                    return Int(String(cString: start))
                }
            }
        }
    }
#endif
