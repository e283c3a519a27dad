#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// Writing whole lines to standard error.
enum StandardError {
    /// Writes a line by as few calls as it takes; gives up when the other end is gone.
    static func write(line: String) {
        var rest = Array((line + "\n").utf8)[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { unsafe in
                #if canImport(Glibc)
                    Glibc.write(2, unsafe.baseAddress, unsafe.count)
                #elseif canImport(Musl)
                    Musl.write(2, unsafe.baseAddress, unsafe.count)
                #else
                    Darwin.write(2, unsafe.baseAddress, unsafe.count)
                #endif
            }
            if count <= 0 { return }
            rest = rest.dropFirst(count)
        }
    }
}
