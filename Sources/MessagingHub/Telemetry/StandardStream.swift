#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// The process's own streams, written to directly: nothing is buffered, nothing is left behind at the end.
package enum StandardStream: Int32, Sendable {
    case output = 1
    case error = 2

    /// Keeps the places of streams that the process was started without, so that no file or connection gets one of them and
    /// with it what is written here. What is written to such a stream fails. To be called before anything is opened.
    package static func keepPlaces() {
        for place in Int32(0)...2 where fcntl(place, F_GETFD) < 0 {
            _ = open("/dev/null", place == 0 ? O_WRONLY : O_RDONLY)
        }
    }

    /// Writes all of a text, by as few calls as it takes; one that takes nothing for now is waited for. Nil when all is
    /// written, else why not: the code of the system's error.
    @discardableResult package func write(_ text: String) -> Int32? {
        var rest = Array(text.utf8)[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { unsafe in
                #if canImport(Glibc)
                    Glibc.write(rawValue, unsafe.baseAddress, unsafe.count)
                #elseif canImport(Musl)
                    Musl.write(rawValue, unsafe.baseAddress, unsafe.count)
                #else
                    Darwin.write(rawValue, unsafe.baseAddress, unsafe.count)
                #endif
            }
            switch (count, errno) {
            case (1..., _): rest = rest.dropFirst(count)
            case (..<0, EINTR): continue
            // Who shares the stream may have made it non-blocking.
            case (..<0, EAGAIN):
                var interest = pollfd(fd: rawValue, events: Int16(POLLOUT), revents: 0)
                _ = poll(&interest, 1, -1)
            case (let count, let code): return count < 0 ? code : EIO
            }
        }
        return nil
    }
}
