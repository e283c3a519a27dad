public import Messaging

/// How bytes are compressed: as a sequence of parts (members of gzip, frames of zstd), each of which is whole by itself, so
/// that what was written is readable up to the last whole part, whatever follows.
public enum Compression: String, Hashable, Sendable, CaseIterable, OptionValue {
    /// RFC 1952.
    case gzip
    /// RFC 8878.
    case zstd

    /// What a file's name says by its end, `.gz` or `.zst`; nil where it says neither.
    public init?(path: String) {
        if path.hasSuffix(".gz") {
            self = .gzip
        } else if path.hasSuffix(".zst") {
            self = .zstd
        } else {
            return nil
        }
    }

    /// Whether this build can: its trait `Compression` is on.
    public static var isAvailable: Bool {
        #if Compression
            true
        #else
            false
        #endif
    }

    /// Something that compresses. Throws `.unsupported` in a build that cannot.
    public func compressor() throws(BrokerError) -> any Compressing {
        #if Compression
            switch self {
            case .gzip: return try GzipCompressor()
            case .zstd: return try ZstdCompressor()
            }
        #else
            throw missing
        #endif
    }

    /// Something that takes apart what was compressed. Throws `.unsupported` in a build that cannot.
    public func decompressor() throws(BrokerError) -> any Decompressing {
        #if Compression
            switch self {
            case .gzip: return try GzipDecompressor()
            case .zstd: return try ZstdDecompressor()
            }
        #else
            throw missing
        #endif
    }

    private var missing: BrokerError {
        BrokerError(.unsupported, "\(rawValue) is not in this build; build it with the trait Compression")
    }

    static func outOfMemory(_ name: String) -> BrokerError {
        BrokerError(.resourceExhausted, "\(name) has no memory to begin with; end something else")
    }

    static func broken(_ name: String, _ why: String) -> BrokerError {
        BrokerError(.serialization, "is not what \(name) makes, or is damaged: \(why)")
    }
}

/// Compresses, a piece at a time. For one owner.
public protocol Compressing: AnyObject {
    /// What this adds to the output, which may be nothing yet.
    func compress(_ bytes: [UInt8]) throws(BrokerError) -> [UInt8]
    /// What makes a whole part of all that was given since the last one; nothing where that is nothing. What comes next
    /// begins another part.
    func finishPart() throws(BrokerError) -> [UInt8]
}

/// Takes apart what was compressed, a piece at a time. For one owner.
public protocol Decompressing: AnyObject {
    /// Adds what comes out of these bytes to the output, some 64 KiB more than `limit` at most; how many of them it took.
    /// The rest is to be given again, and nothing as long as there `hasMore`. Throws `.serialization` where the bytes are not
    /// of the format, or damaged; what came before that has been added.
    func decompress(_ bytes: ArraySlice<UInt8>, into output: inout [UInt8], limit: Int) throws(BrokerError) -> Int
    /// Whether more comes out of what it took.
    var hasMore: Bool { get }
    /// Whether nothing of a part is missing: the input may end here.
    var isBetweenParts: Bool { get }
    /// How many bytes of the input the whole parts had.
    var wholePartsEnd: Int { get }
}

extension Decompressing {
    /// All that comes out of these bytes.
    public func decompress(_ bytes: [UInt8]) throws(BrokerError) -> [UInt8] {
        var (output, rest) = ([UInt8](), bytes[...])
        while !rest.isEmpty || hasMore { rest = rest.dropFirst(try decompress(rest, into: &output, limit: 1 << 20)) }
        return output
    }
}
