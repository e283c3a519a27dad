#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// What the bytes of a body are: a media type (RFC 6838).
public struct ContentType: Hashable, Sendable, ExpressibleByStringLiteral, CustomStringConvertible {
    /// The media type.
    public let name: String

    /// This media type.
    public init(_ name: String) { self.name = name }
    /// This media type.
    public init(stringLiteral value: String) { name = value }
    /// The media type.
    public var description: String { name }

    /// `application/octet-stream`: bytes, no more is known. The default.
    public static let octetStream: ContentType = "application/octet-stream"
    /// `application/json`.
    public static let json: ContentType = "application/json"
    /// `text/plain`.
    public static let text: ContentType = "text/plain"

    /// The media type of these characters; one that is known is not copied.
    package init(utf8: UnsafeRawBufferPointer) {
        let known = Self.known.first { type in
            type.name.utf8.withContiguousStorageIfAvailable { name in
                guard let here = utf8.baseAddress, let there = name.baseAddress else { return false }
                return name.count == utf8.count && memcmp(here, there, name.count) == 0
            } ?? false
        }
        self = known ?? ContentType(String(decoding: utf8, as: UTF8.self))
    }

    /// The types that a message carries as one byte, in this order; others go into its `Extras`.
    static let known: [ContentType] = [
        .octetStream, .json, .text, "application/protobuf", "application/msgpack", "application/cbor",
        "application/avro", "application/xml", "application/cloudevents+json",
    ]
}

/// Whether a message outlives its broker's process.
public enum DeliveryMode: UInt8, Hashable, Sendable {
    /// It does, wherever its destination is durable. The default.
    case persistent
    /// It need not: lost when the broker's process ends.
    case transient
}
