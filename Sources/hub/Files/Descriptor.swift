import Foundation
import Messaging

/// An open file, closed with the object unless it is a stream of the process.
final class Descriptor: Sendable {
    let number: Int32
    /// What it is called in messages.
    let name: String
    private let isOwned: Bool

    /// Opens a file. Throws `.invalidArgument`, or `.resourceExhausted` for a full disk, with what to do.
    init(_ path: String, _ flags: Int32) throws(BrokerError) {
        if path.isEmpty {
            throw BrokerError(.invalidArgument, "the name of a file is empty; name one, or - for a stream")
        }
        if path.utf8.contains(0) { throw BrokerError(.invalidArgument, "\(path.quoted) contains a NUL; remove it") }
        name = path
        number = open(path, flags | O_CLOEXEC, 0o644)
        isOwned = true
        if number < 0 { throw Self.failure(errno, path, flags & O_ACCMODE == O_RDONLY ? "read" : "written") }
        var status = stat()
        if fstat(number, &status) == 0, status.st_mode & S_IFMT == S_IFDIR {
            throw BrokerError(.invalidArgument, "\(path.quoted) is a directory; name a file in it")
        }
    }

    /// Opens a file to write on it, which is made where it does not exist. A pipe must have somebody who reads it: who opens
    /// it for both would read it himself.
    convenience init(writing path: String) throws(BrokerError) {
        var status = stat()
        let exists = stat(path, &status) == 0
        if !exists || status.st_mode & S_IFMT == S_IFREG {
            try self.init(path, O_RDWR | O_CREAT | O_APPEND)
        } else if status.st_mode & S_IFMT == S_IFIFO {
            try self.init(path, O_WRONLY | O_NONBLOCK)
            _ = fcntl(number, F_SETFL, fcntl(number, F_GETFL) & ~O_NONBLOCK)
        } else {
            try self.init(path, O_WRONLY | O_APPEND)
        }
    }

    /// Takes the file for this process until it is closed. Throws where another one has it.
    func claim() throws(BrokerError) {
        guard size != nil, flock(number, LOCK_EX | LOCK_NB) != 0 else { return }
        let remedy = "wait for it to end, or name another file"
        throw BrokerError(.conflict, "\(name.quoted) is in use by another hub; \(remedy)")
    }

    /// A stream of the process.
    init(stream: Int32, _ name: String) {
        (number, self.name, isOwned) = (stream, name, false)
    }

    deinit { if isOwned { close(number) } }

    /// Throws where a file cannot be read, without opening it: a pipe that is closed again would be over.
    static func check(_ path: String) throws(BrokerError) {
        if path != "-", access(path, R_OK) != 0 { throw failure(errno, path, "read") }
    }

    /// How many bytes the file has; nil for a pipe or a terminal.
    var size: Int? {
        var status = stat()
        guard fstat(number, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return nil }
        return Int(status.st_size)
    }

    /// Reads up to `count` bytes; none at the end. Waits for those of a pipe as long as `isWaiting` says so.
    func read(_ count: Int, while isWaiting: () -> Bool) throws(BrokerError) -> [UInt8] {
        while isWaiting() {
            var interest = pollfd(fd: number, events: Int16(POLLIN), revents: 0)
            if poll(&interest, 1, 100) <= 0 { continue }
            var code: Int32 = 0
            let piece = [UInt8](unsafeUninitializedCapacity: count) { unsafe, filled in
                let result = Foundation.read(number, unsafe.baseAddress, unsafe.count)
                if result < 0 { code = errno }
                filled = max(0, result)
            }
            if code == 0 { return piece }
            if code != EAGAIN, code != EINTR { throw Self.failure(code, name, "read any further") }
        }
        return []
    }

    /// Writes all of it.
    func write(_ bytes: some Collection<UInt8>) throws(BrokerError) {
        var rest = ArraySlice(bytes)
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Foundation.write(number, $0.baseAddress, $0.count) }
            switch (count, errno) {
            case (1..., _): rest = rest.dropFirst(count)
            case (..<0, EINTR): continue
            case (..<0, EAGAIN):
                var interest = pollfd(fd: number, events: Int16(POLLOUT), revents: 0)
                _ = poll(&interest, 1, 100)
            case (let count, let code): throw Self.failure(count < 0 ? code : EIO, name, "written any further")
            }
        }
    }

    /// Returns when what was written is on the disk; at once for a pipe or a terminal, which have none.
    func sync() throws(BrokerError) {
        if fsync(number) != 0, errno != EINVAL, errno != EROFS, errno != ENOTSUP {
            throw Self.failure(errno, name, "written to the disk")
        }
    }

    static func failure(_ code: Int32, _ name: String, _ what: String) -> BrokerError {
        let shown = name == "-" ? "the standard stream" : name.quoted
        let (kind, sentence): (BrokerError.Code, String) =
            switch code {
            case ENOENT: (.invalidArgument, "\(shown) does not exist; check the path")
            case ENOTDIR: (.invalidArgument, "\(shown) does not exist, because a part of its path is a file")
            case EISDIR: (.invalidArgument, "\(shown) is a directory; name a file in it")
            case EACCES, EPERM: (.unauthorized, "\(shown) may not be \(what); give this user the permission")
            case ENOSPC, EDQUOT:
                (.resourceExhausted, "\(shown) cannot be \(what): the disk is full; make room and start again")
            case ENXIO: (.unavailable, "\(shown) is a pipe that nobody reads; start its reader first")
            case EPIPE: (.ended, "\(shown) cannot be \(what): nobody reads it any longer")
            default: (.brokerFailure, "\(shown) cannot be \(what): \(String(cString: strerror(code)))")
            }
        return BrokerError(kind, sentence, nativeCode: Int(code))
    }
}
