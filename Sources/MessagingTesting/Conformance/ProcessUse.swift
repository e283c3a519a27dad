#if canImport(Glibc)
    import Glibc
    import SwiftOverlayShims
#elseif canImport(Musl)
    import Musl
#endif

/// What this process has open, runs and keeps, as the kernel tells it. nil where it does not: on Linux alone it does.
package enum ProcessUse {
    /// Every open descriptor, with what it is open on: a number that is used again is another one.
    package static func descriptors() -> Set<String>? {
        let directory = "/proc/self/fd"
        return names(in: directory).map { names in
            Set(names.compactMap { name in target(of: "\(directory)/\(name)").map { "\(name) \($0)" } })
        }
    }

    /// Every thread.
    package static func threads() -> Set<String>? { names(in: "/proc/self/task") }

    /// The bytes of this process that are in memory, once its allocator has given back what nobody uses.
    package static func residentBytes() -> Int? {
        giveBackFreeMemory()
        guard let pages = contents(of: "/proc/self/statm")?.split(separator: " ").dropFirst().first else { return nil }
        return Int(pages).map { $0 &* pageSize }
    }

    /// How long the processors of the whole machine together have been busy since it began, in steps of 10 ms, with what
    /// another machine took from them (proc_stat(5)).
    package static func machineBusy() -> Duration? {
        guard let ticks = contents(of: "/proc/stat").flatMap(busyTicks) else { return nil }
        return .milliseconds(ticks &* 1000 / max(1, ticksPerSecond))
    }

    /// What the line "cpu user nice system idle iowait irq softirq steal …" counts, without idle and iowait.
    static func busyTicks(_ statistics: String) -> Int? {
        let fields = statistics.prefix { $0 != "\n" }.split(separator: " ")
        guard fields.first == "cpu", fields.count > 4 else { return nil }
        let numbers = fields.dropFirst().prefix(8).map { Int($0) ?? 0 }
        return numbers.enumerated().reduce(0) { sum, field in
            field.offset == 3 || field.offset == 4 ? sum : sum &+ field.element
        }
    }

    #if canImport(Glibc) || canImport(Musl)
        private static let ticksPerSecond = sysconf(Int32(_SC_CLK_TCK))
        private static let pageSize = sysconf(Int32(_SC_PAGESIZE))

        /// `malloc_trim`, which is no part of the overlay and which not every C library has.
        private static func giveBackFreeMemory() {
            typealias Trim = @convention(c) (Int) -> Int32
            if let trim = dlsym(nil, "malloc_trim") { _ = unsafeBitCast(trim, to: Trim.self)(0) }
        }

        private static func names(in directory: String) -> Set<String>? {
            guard let stream = opendir(directory) else { return nil }
            defer { closedir(stream) }
            var names: Set<String> = []
            while let entry = readdir(stream) {
                let name = withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
                    String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
                }
                if name != ".", name != ".." { names.insert(name) }
            }
            return names
        }

        private static func target(of link: String) -> String? {
            var buffer = [CChar](repeating: 0, count: 256)
            let count = readlink(link, &buffer, buffer.count)
            return count < 0 ? nil : String(decoding: buffer.prefix(count).map { UInt8(bitPattern: $0) }, as: UTF8.self)
        }

        private static func contents(of path: String) -> String? {
            let file = open(path, O_RDONLY)
            guard file >= 0 else { return nil }
            defer { close(file) }
            var buffer = [UInt8](repeating: 0, count: 256)
            let count = read(file, &buffer, buffer.count)
            return count < 0 ? nil : String(decoding: buffer.prefix(count), as: UTF8.self)
        }
    #else
        private static let ticksPerSecond = 0
        private static let pageSize = 0
        private static func giveBackFreeMemory() {}
        private static func names(in directory: String) -> Set<String>? { nil }
        private static func target(of link: String) -> String? { nil }
        private static func contents(of path: String) -> String? { nil }
    #endif
}
