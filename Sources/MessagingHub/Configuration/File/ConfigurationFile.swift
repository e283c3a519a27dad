#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// Reads a configuration's bytes. A file that is too large is refused before it is read.
enum ConfigurationFile {
    static func read(_ path: String, limits: YAMLLimits = YAMLLimits()) throws(YAMLProblem) -> [UInt8] {
        if path.isEmpty {
            throw YAMLProblem(mark: nil, sentence: "the name of the configuration is empty; name a file")
        }
        if path.utf8.contains(0) {
            throw YAMLProblem(mark: nil, sentence: "is not a path: it contains a NUL; remove it")
        }
        guard let file = fopen(path, "rb") else { throw failure(errno, path) }
        defer { fclose(file) }
        var status = stat()
        guard fstat(fileno(file), &status) == 0 else { throw failure(errno) }
        if status.st_mode & S_IFMT == S_IFDIR { throw failure(EISDIR) }
        if Int(status.st_size) > limits.bytes {
            throw YAMLProblem(mark: nil, sentence: limits.sentence(forBytes: Int(status.st_size)))
        }
        return try contents(of: file, limits)
    }

    /// Reads to the end, which a pipe has too, and one byte beyond the limit at most.
    private static func contents(of file: UnsafeMutablePointer<FILE>, _ limits: YAMLLimits) throws(YAMLProblem)
        -> [UInt8]
    {
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 64 << 10)
        while bytes.count <= limits.bytes {
            let count = fread(&chunk, 1, chunk.count, file)
            if count == 0 {
                if ferror(file) != 0 { throw failure(errno) }
                return bytes
            }
            bytes.append(contentsOf: chunk.prefix(count))
        }
        let sentence =
            "has more than \(limits.bytes) bytes; a configuration has fewer, so this is probably another file"
        throw YAMLProblem(mark: nil, sentence: sentence)
    }

    private static func failure(_ code: CInt, _ path: String = "") -> YAMLProblem {
        let sentence =
            switch code {
            case ENOENT where path == "-": "is no file; standard input is /dev/stdin"
            case ENOENT: "does not exist; check the path"
            case ENOTDIR: "does not exist, because a part of the path is a file; check the path"
            case ENAMETOOLONG: "is longer than a path may be; check the path"
            case EISDIR: "is a directory; name the file in it"
            case EACCES, EPERM: "may not be read; give this user the permission"
            default: "cannot be read: \(String(cString: strerror(code))); name another file"
            }
        return YAMLProblem(mark: nil, sentence: sentence)
    }
}
