import Messaging

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// The directory in which the hub processes of a user say how they are. Its calls block, for as long as a small file takes.
package struct StatusDirectory: Hashable, Sendable {
    /// Why it is not used: a sentence.
    package struct Problem: Error, Hashable, Sendable, CustomStringConvertible {
        package let description: String
    }

    /// A file of it.
    struct File: Hashable, Sendable {
        let name: String
        /// What it has; empty where `refusal` says why it is not read.
        var bytes: [UInt8] = []
        /// When it was written, in seconds since 1970.
        var written = 0
        /// Why nothing in it is believed.
        var refusal: String?
    }

    /// The largest file that is read.
    static let mostBytes = 4 << 20

    /// Where it is.
    package let path: String

    /// The directory by these variables.
    package init(_ environment: [String: String]) {
        if let runtime = environment["XDG_RUNTIME_DIR"], runtime.hasPrefix("/"), !runtime.utf8.contains(0) {
            path = "\(runtime)/swift-messaging-hub"
        } else {
            path = "/tmp/swift-messaging-hub-\(getuid())"
        }
    }

    /// Replaces a file of this name, which others see whole or not at all, and nobody but this user can read.
    func write(_ bytes: [UInt8], to name: String) throws(Problem) {
        guard let directory = try open(creating: true) else { throw problem("is gone", ENOENT) }
        defer { close(directory) }
        let temporary = ".\(name)"
        unlinkat(directory, temporary, 0)
        let flags = O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC | O_NOFOLLOW
        let file = openat(directory, temporary, flags, 0o600)
        guard file >= 0 else { throw problem("cannot be written to", errno) }
        let code = Self.write(bytes, to: file)
        close(file)
        if code == 0, renameat(directory, temporary, directory, name) == 0 { return }
        let why = code == 0 ? errno : code
        unlinkat(directory, temporary, 0)
        throw problem("cannot be written to", why)
    }

    /// Removes a file of this name, where it is there.
    func remove(_ name: String) {
        guard let directory = try? open(creating: false) else { return }
        unlinkat(directory, name, 0)
        close(directory)
    }

    /// Every file; none where the directory does not exist.
    func files() throws(Problem) -> [File] {
        guard let directory = try open(creating: false) else { return [] }
        defer { close(directory) }
        return names(in: directory).sorted().compactMap { Self.read($0, in: directory) }
    }

    /// The directory itself, which is this user's alone; nil where it does not exist, and is not to be made.
    private func open(creating: Bool) throws(Problem) -> Int32? {
        if creating, mkdir(path, 0o700) != 0, errno != EEXIST { throw problem("cannot be made", errno) }
        let directory = openat(AT_FDCWD, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
        if directory < 0 {
            let code = errno
            if code == ENOENT, !creating { return nil }
            if code == ELOOP || code == ENOTDIR {
                throw Problem(description: "\(path) is a link or a file, and not a directory of this user's; remove it")
            }
            throw problem("cannot be opened", code)
        }
        var status = stat()
        let isKnown = fstat(directory, &status) == 0
        if !isKnown || status.st_uid != getuid() {
            close(directory)
            throw Problem(description: "\(path) belongs to another user, who could read and replace what is in it")
        }
        if status.st_mode & 0o077 != 0, fchmod(directory, 0o700) != 0 {
            let code = errno
            close(directory)
            throw problem("can be opened by others, and cannot be closed to them", code)
        }
        return directory
    }

    private func problem(_ what: String, _ code: CInt) -> Problem {
        Problem(description: "\(path) \(what): \(String(cString: strerror(code)))")
    }

    private func names(in directory: Int32) -> [String] {
        let copy = openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard copy >= 0 else { return [] }
        guard let stream = fdopendir(copy) else {
            close(copy)
            return []
        }
        defer { closedir(stream) }
        var names: [String] = []
        while let entry = readdir(stream) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                pointer.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return names
    }

    /// A regular file, if it is not too large; nil where it cannot be read. What another user has put there, or could have
    /// changed, says nothing about this one's processes.
    private static func read(_ name: String, in directory: Int32) -> File? {
        let file = openat(directory, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)
        guard file >= 0 else { return nil }
        defer { close(file) }
        var status = stat()
        guard fstat(file, &status) == 0, status.st_mode & S_IFMT == S_IFREG, status.st_size <= mostBytes else {
            return nil
        }
        var found = File(name: name, written: Int(status.st_mtim.tv_sec))
        if status.st_uid != getuid() {
            found.refusal = "belongs to another user"
        } else if status.st_mode & 0o077 != 0 {
            found.refusal = "is open to other users"
        }
        if found.refusal != nil { return found }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 64 << 10)
        while bytes.count <= mostBytes {
            let count = systemRead(file, &chunk)
            if count <= 0 { break }
            bytes += chunk.prefix(count)
        }
        found.bytes = bytes
        return found
    }

    private static func systemRead(_ file: Int32, _ chunk: inout [UInt8]) -> Int {
        #if canImport(Glibc)
            Glibc.read(file, &chunk, chunk.count)
        #elseif canImport(Musl)
            Musl.read(file, &chunk, chunk.count)
        #else
            Darwin.read(file, &chunk, chunk.count)
        #endif
    }

    /// Writes everything; the code of the error, or 0.
    private static func write(_ bytes: [UInt8], to file: Int32) -> CInt {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { unsafe in
                #if canImport(Glibc)
                    Glibc.write(file, unsafe.baseAddress, unsafe.count)
                #elseif canImport(Musl)
                    Musl.write(file, unsafe.baseAddress, unsafe.count)
                #else
                    Darwin.write(file, unsafe.baseAddress, unsafe.count)
                #endif
            }
            if count < 0, errno == EINTR { continue }
            if count <= 0 { return count == 0 ? EIO : errno }
            rest = rest.dropFirst(count)
        }
        return 0
    }
}
