/// The bytes of a message: any bytes, none at all (an empty body), or the absence of a body (`null`).
///
/// What is copied when:
/// - `Body(array)` and `Body(owner:…)` copy nothing: the body keeps the array, or the owner, alive.
/// - `Body(text)` and `Body(copying:)` copy the bytes once.
/// - Publishing hands `withBytes`' pointer to the C client: no copy on the hub's side.
/// - Receiving wraps what the C client owns with `Body(owner:…)`, or copies it once where the client takes it back.
/// - Passing a body on (a queue, a retry, a dead letter) retains it: no copy.
/// - `array` copies where a C client owns the bytes, and `text` always: a `String` owns its bytes.
/// - A typed handler's value is read from the bytes where they are; a typed publish copies the encoder's output once,
///   because nothing promises that the bytes of its `Data` stay where they are.
public struct Body: Sendable {
    @usableFromInline enum Storage: Sendable {
        case null
        case array([UInt8])
        case foreign(ForeignBytes)
    }

    @usableFromInline let storage: Storage

    @inlinable init(storage: Storage) { self.storage = storage }

    /// No body, which is not an empty one: a tombstone of a compacted log.
    public static let null = Body(storage: .null)

    /// A body of zero bytes.
    public static let empty = Body(storage: .array([]))

    /// These bytes, without copying them.
    @inlinable public init(_ bytes: [UInt8]) { storage = .array(bytes) }

    /// The UTF-8 bytes of a text; copied once.
    public init(_ text: String) { storage = .array(Array(text.utf8)) }

    /// A copy of bytes that belong to somebody else, made now.
    public init(copying bytes: UnsafeRawBufferPointer) { storage = .array(Array(bytes)) }

    /// Bytes that a C client owns, without copying them; they live until the last body that refers to them is gone.
    public init(owner: ForeignBytes) { storage = .foreign(owner) }

    /// Whether there is no body, as opposed to an empty one.
    @inlinable public var isNull: Bool {
        if case .null = storage { true } else { false }
    }

    /// The number of bytes; 0 for a null body.
    @inlinable public var count: Int {
        switch storage {
        case .null: 0
        case .array(let bytes): bytes.count
        case .foreign(let owner): owner.count
        }
    }

    /// Calls `body` with the bytes where they are: nothing is copied, and the pointer is good during the call only.
    @inlinable public func withBytes<Result, Failure: Error>(
        _ body: (UnsafeRawBufferPointer) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        switch storage {
        case .null:
            return try body(UnsafeRawBufferPointer(start: nil, count: 0))
        case .array(let bytes):
            var failure: Failure?
            let result: Result? = bytes.withUnsafeBytes { buffer in
                do throws(Failure) { return try body(buffer) } catch {
                    failure = error
                    return nil
                }
            }
            if let failure { throw failure }
            if let result { return result }
            return try body(UnsafeRawBufferPointer(start: nil, count: 0))
        case .foreign(let owner):
            return try body(owner.bytes)
        }
    }

    /// The bytes as an array: shared where the body was made from one, copied where a C client owns them.
    public var array: [UInt8] {
        switch storage {
        case .null: []
        case .array(let bytes): bytes
        case .foreign(let owner): Array(owner.bytes)
        }
    }

    /// The bytes as text, copied once; nil when they are not valid UTF-8 or there is no body.
    public var text: String? { isNull ? nil : withBytes { String(validating: $0, as: UTF8.self) } }
}

/// Bytes that a C client allocated and that are given back to it with the last reference to this object.
public final class ForeignBytes: Sendable {
    private let address: UInt
    private let handle: UInt
    private let release: @convention(c) (OpaquePointer?) -> Void
    /// How many bytes there are.
    public let count: Int

    /// Takes over `bytes`, which must stay where they are, unchanged, until `release` is called with `handle`:
    /// once, from whichever thread drops the last reference. A C function, so that a message costs no closure.
    public init(
        _ bytes: UnsafeRawBufferPointer, handle: OpaquePointer?,
        release: @escaping @convention(c) (OpaquePointer?) -> Void
    ) {
        address = UInt(bitPattern: bytes.baseAddress)
        count = bytes.count
        self.handle = UInt(bitPattern: handle)
        self.release = release
    }

    deinit { release(OpaquePointer(bitPattern: handle)) }

    /// The bytes, good for as long as this object is.
    public var bytes: UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(start: UnsafeRawPointer(bitPattern: address), count: count)
    }
}

extension Body: Hashable {
    /// Equal when both are null, or neither is and the bytes are the same.
    public static func == (left: Body, right: Body) -> Bool {
        guard left.isNull == right.isNull, left.count == right.count else { return false }
        return left.withBytes { left in right.withBytes { right in left.elementsEqual(right) } }
    }

    /// Hashes the bytes.
    public func hash(into hasher: inout Hasher) {
        hasher.combine(isNull)
        withBytes { hasher.combine(bytes: $0) }
    }
}

extension Body: ExpressibleByStringLiteral, ExpressibleByArrayLiteral, CustomStringConvertible {
    /// The UTF-8 bytes of the literal.
    public init(stringLiteral value: String) { self.init(value) }

    /// These bytes.
    public init(arrayLiteral elements: UInt8...) { self.init(elements) }

    /// `null`, or the number of bytes. Never the bytes: a body may be a secret.
    public var description: String { isNull ? "null" : "\(count) bytes" }
}
