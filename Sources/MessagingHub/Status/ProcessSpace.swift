#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// Where a pid means what it means: a boot of a machine, and a PID namespace of it.
struct ProcessSpace: Hashable, Sendable {
    /// The id of the boot, 36 characters; nil where nobody tells.
    let boot: String?
    /// The inode of the PID namespace; nil where nobody tells.
    let namespace: UInt64?

    /// Where this process is.
    static let own = ProcessSpace(boot: ownBoot, namespace: ownNamespace)

    /// Stands for it in the name of a file: the beginning of the boot's id, and the namespace. Two of the same name are one.
    var name: String {
        let letters = (boot ?? "").lowercased().filter { $0.isASCII && $0.isHexDigit }.prefix(8)
        return "\(letters.isEmpty ? "0" : String(letters))-\(namespace ?? 0)"
    }

    private static var ownBoot: String? {
        guard let bytes = ProcessStart.contents(of: "/proc/sys/kernel/random/boot_id", upTo: 64) else { return nil }
        let text = String(decoding: bytes.prefix { $0 != UInt8(ascii: "\n") }, as: UTF8.self)
        return text.isEmpty ? nil : text
    }

    private static var ownNamespace: UInt64? {
        var status = stat()
        return stat("/proc/self/ns/pid", &status) == 0 ? UInt64(status.st_ino) : nil
    }
}
