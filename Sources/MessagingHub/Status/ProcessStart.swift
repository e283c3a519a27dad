import Messaging

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// When a process was started, which tells it from a later one that got its pid.
enum ProcessStart {
    /// In the kernel's ticks since the machine was started; nil where there is no such process, or nobody tells.
    static func ticks(of pid: Int32) -> UInt64? {
        contents(of: "/proc/\(pid)/stat", upTo: 4096).flatMap { ticks(in: $0) }
    }

    /// What a file of the kernel has; nil where it is not there.
    static func contents(of path: String, upTo count: Int) -> ArraySlice<UInt8>? {
        let file = open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { return nil }
        defer { close(file) }
        var buffer = [UInt8](repeating: 0, count: count)
        let count = read(file, &buffer, buffer.count)
        return count > 0 ? buffer.prefix(count) : nil
    }

    /// The 22nd field of a line of `/proc/PID/stat`; nil of a process that has ended and whose parent has not looked. The
    /// second field is a name in parentheses, which may have any of its own.
    static func ticks(in line: ArraySlice<UInt8>) -> UInt64? {
        guard let end = line.lastIndex(of: UInt8(ascii: ")")) else { return nil }
        let fields = line[end...].split(separator: UInt8(ascii: " "))
        guard fields.count > 20, fields[1] != [UInt8(ascii: "Z")], fields[1] != [UInt8(ascii: "X")] else { return nil }
        return UInt64(String(decoding: fields[20], as: UTF8.self))
    }

    /// Whether this very process lives.
    static func lives(_ pid: Int32, startedAt ticks: UInt64?) -> Bool {
        if pid <= 0 { return false }
        if let ticks { return self.ticks(of: pid) == ticks }
        return kill(pid, 0) == 0 || errno == EPERM
    }
}
