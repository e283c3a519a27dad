/// Where in which trace something happens: what W3C Trace Context calls `traceparent` and `tracestate`, and the `baggage`
/// that travels beside them.
///
/// What comes from outside is checked as the standard asks; what has another form is no context.
public struct TraceContext: Hashable, Sendable {
    /// The trace: 32 hexadecimal digits in lower case, not all of them zero.
    public let traceID: String
    /// The span: 16 hexadecimal digits in lower case, not all of them zero.
    public let spanID: String
    /// Bit 0: somebody records the trace. Bit 1: its id is random. The others are 0.
    public let flags: UInt8
    /// What tracing systems say to each other, such as `congo=t61rcWkgMzE`; nil: nothing.
    public let state: String?
    /// What a program sends along, such as `tenant=7`; nil: nothing.
    public var baggage: String?

    /// Whether somebody records the trace.
    public var isSampled: Bool { flags & 1 == 1 }

    /// The value of the header `traceparent`.
    public var traceparent: String { "00-\(traceID)-\(spanID)-\(Self.hexadecimal(UInt64(flags), digits: 2))" }

    /// The beginning of a new trace.
    public static func root(baggage: String? = nil) -> TraceContext {
        let high = hexadecimal(UInt64.random(in: 1 ... .max), digits: 16)
        let traceID = high + hexadecimal(UInt64.random(in: 1 ... .max), digits: 16)
        return TraceContext(traceID: traceID, flags: 1, state: nil, baggage: baggage)
    }

    /// A further span of the same trace.
    public func child() -> TraceContext { TraceContext(traceID: traceID, flags: flags, state: state, baggage: baggage) }

    private init(traceID: String, flags: UInt8, state: String?, baggage: String?) {
        self.traceID = traceID
        spanID = Self.hexadecimal(UInt64.random(in: 1 ... .max), digits: 16)
        self.flags = flags
        self.state = state
        self.baggage = baggage
    }

    /// The context of these header values; nil where `traceparent` has not the form that the standard asks for. A state
    /// or a baggage of the wrong form is left out.
    public init?(traceparent: String, tracestate: String? = nil, baggage: String? = nil) {
        let bytes = Array(traceparent.utf8)
        guard bytes.count >= 55, let version = Self.number(bytes[0..<2]), version != 0xFF,
            version == 0 ? bytes.count == 55 : bytes.count == 55 || bytes[55] == Self.dash,
            bytes[2] == Self.dash, bytes[35] == Self.dash, bytes[52] == Self.dash,
            Self.isID(bytes[3..<35]), Self.isID(bytes[36..<52]), let flags = Self.number(bytes[53..<55])
        else { return nil }
        traceID = String(decoding: bytes[3..<35], as: UTF8.self)
        spanID = String(decoding: bytes[36..<52], as: UTF8.self)
        self.flags = UInt8(truncatingIfNeeded: flags) & 3
        state = tracestate.flatMap { Self.isState($0) ? $0 : nil }
        self.baggage = baggage.flatMap { Self.isBaggage($0) ? $0 : nil }
    }

    // MARK: Forms

    private static let dash = UInt8(ascii: "-")

    private static func digit(_ byte: UInt8) -> Int? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): Int(byte) - 0x30
        case UInt8(ascii: "a")...UInt8(ascii: "f"): Int(byte) - 0x57
        default: nil
        }
    }

    private static func number(_ bytes: ArraySlice<UInt8>) -> Int? {
        var number = 0
        for byte in bytes {
            guard let digit = digit(byte) else { return nil }
            number = number << 4 | digit
        }
        return number
    }

    private static func isID(_ bytes: ArraySlice<UInt8>) -> Bool {
        bytes.allSatisfy { digit($0) != nil } && bytes.contains { $0 != UInt8(ascii: "0") }
    }

    private static func hexadecimal(_ number: UInt64, digits: Int) -> String {
        let text = String(number, radix: 16)
        return String(repeating: "0", count: max(0, digits - text.utf8.count)) + text
    }
}

extension TraceContext {
    /// At most 32 members, each a key in lower case, `=`, and up to 256 printable characters; 512 characters in all, which
    /// everybody passes on. No key twice.
    static func isState(_ text: String) -> Bool {
        if text.utf8.count > 512 { return false }
        let members = text.utf8.split(separator: UInt8(ascii: ","), omittingEmptySubsequences: true)
            .map { $0.trimmed }.filter { !$0.isEmpty }
        var keys: Set<String> = []
        for member in members {
            guard let sign = member.firstIndex(of: UInt8(ascii: "=")) else { return false }
            let (key, value) = (member[..<sign], member[(sign + 1)...])
            guard isKey(key), isValue(value), keys.insert(String(decoding: key, as: UTF8.self)).inserted else {
                return false
            }
        }
        return (1...32).contains(members.count)
    }

    private static func isKey(_ key: ArraySlice<UInt8>) -> Bool {
        guard let first = key.first, key.count <= 256 else { return false }
        func isLetterOrDigit(_ byte: UInt8) -> Bool {
            0x61...0x7A ~= byte || 0x30...0x39 ~= byte
        }
        let at = UInt8(ascii: "@")
        if !isLetterOrDigit(first) || key.count(where: { $0 == at }) > 1 || key.last == at { return false }
        return key.allSatisfy { isLetterOrDigit($0) || "_-*/@".utf8.contains($0) }
    }

    private static func isValue(_ value: ArraySlice<UInt8>) -> Bool {
        guard let last = value.last, value.count <= 256, last != 0x20 else { return false }
        return value.allSatisfy { $0 >= 0x20 && $0 <= 0x7E && $0 != UInt8(ascii: ",") && $0 != UInt8(ascii: "=") }
    }

    /// At most 8,192 bytes and 180 members, printable ASCII, each with a name before its `=`.
    static func isBaggage(_ text: String) -> Bool {
        if text.utf8.count > 8192 || !text.utf8.allSatisfy({ $0 >= 0x20 && $0 <= 0x7E }) { return false }
        let members = text.utf8.split(separator: UInt8(ascii: ","), omittingEmptySubsequences: false).map { $0.trimmed }
        return members.count <= 180
            && members.allSatisfy { member in
                guard let sign = member.firstIndex(of: UInt8(ascii: "=")) else { return false }
                return !member[..<sign].trimmed.isEmpty
            }
    }
}

extension Collection<UInt8> {
    /// Without spaces and tabs at both ends.
    fileprivate var trimmed: ArraySlice<UInt8> {
        let isBlank: (UInt8) -> Bool = { $0 == 0x20 || $0 == 0x09 }
        let rest = Array(drop(while: isBlank))
        guard let last = rest.lastIndex(where: { !isBlank($0) }) else { return [] }
        return rest[...last]
    }
}
