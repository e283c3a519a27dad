/// A type of option: how it is written and read, the same in YAML, a URL, the environment and on the command line.
public protocol OptionValue: Hashable, Sendable {
    /// The type in words, such as `integer` or `duration (500ms, 2s, 168h)`.
    static var typeDescription: String { get }
    /// The same as data. Default: any text.
    static var optionForm: OptionForm { get }
    /// Reads a value; nil when the text is not one.
    init?(optionText text: String)
    /// Writes a value so that it can be read again.
    var optionText: String { get }
    /// Whether it stands for an option that is not set: the absence of an optional value.
    var isAbsent: Bool { get }
}

extension OptionValue {
    /// It does not.
    public var isAbsent: Bool { false }
    /// Any text.
    public static var optionForm: OptionForm { .text(pattern: nil) }
}

extension String: OptionValue {
    /// `text`.
    public static var typeDescription: String { "text" }
    /// Any text.
    public init?(optionText text: String) { self = text }
    /// Itself.
    public var optionText: String { self }
}

extension Int: OptionValue {
    /// `integer`.
    public static var typeDescription: String { "integer" }
    /// A whole number.
    public static var optionForm: OptionForm { .integer }
    /// Decimal digits with an optional sign; underscores between digits are allowed.
    public init?(optionText text: String) {
        let digits = text.hasPrefix("+") || text.hasPrefix("-") ? text.dropFirst() : text[...]
        if digits.hasPrefix("_") || digits.hasSuffix("_") { return nil }
        self.init(text.filter { $0 != "_" })
    }
    /// Decimal.
    public var optionText: String { String(self) }
}

extension Double: OptionValue {
    /// `number`.
    public static var typeDescription: String { "number" }
    /// A number.
    public static var optionForm: OptionForm { .number }
    /// Decimal digits with a sign, a point and an exponent where there are any; nothing that is not finite.
    public init?(optionText text: String) {
        let isDecimal = text.utf8.allSatisfy { (48...57).contains($0) || "+-.eE".utf8.contains($0) }
        guard isDecimal, let number = Double(text), number.isFinite else { return nil }
        self = number
    }
    /// Decimal.
    public var optionText: String { String(self) }
}

extension Bool: OptionValue {
    /// `true or false`.
    public static var typeDescription: String { "true or false" }
    /// True or false.
    public static var optionForm: OptionForm { .flag }
    /// `true` or `false`, exactly.
    public init?(optionText text: String) { self.init(text) }
    /// `true` or `false`.
    public var optionText: String { String(self) }
}

extension Duration: OptionValue {
    static let units: [(name: String, size: Int64)] = [
        ("ns", 1), ("us", 1_000), ("µs", 1_000), ("ms", 1_000_000), ("s", 1_000_000_000),
        ("m", 60_000_000_000), ("h", 3_600_000_000_000), ("d", 86_400_000_000_000),
    ]

    /// `duration (500ms, 2s, 168h)`.
    public static var typeDescription: String { "duration (500ms, 2s, 168h)" }
    /// A duration.
    public static var optionForm: OptionForm { .duration }
    static var unitNames: [String] { units.map(\.name) }

    /// A number and a unit (ns, us, ms, s, m, h, d), or several in a row: `1m30s`. Nothing negative, at most 292 years.
    public init?(optionText text: String) {
        guard let nanoseconds = Quantity.sum(of: text, units: Self.units) else { return nil }
        self = .nanoseconds(nanoseconds)
    }

    /// In the largest unit that gives a whole number.
    public var optionText: String {
        let unit = Self.units.last { nanoseconds % $0.size == 0 && $0.name != "d" } ?? Self.units[0]
        return nanoseconds == 0 ? "0s" : "\(nanoseconds / unit.size)\(unit.name)"
    }
}

/// A number of bytes.
public struct ByteCount: OptionValue, Comparable, ExpressibleByIntegerLiteral {
    static let units: [(name: String, size: Int64)] = [
        ("", 1), ("B", 1), ("kB", 1000), ("KB", 1000), ("KiB", 1 << 10), ("MB", 1_000_000), ("MiB", 1 << 20),
        ("GB", 1_000_000_000), ("GiB", 1 << 30), ("TB", 1_000_000_000_000), ("TiB", 1 << 40),
    ]

    /// How many.
    public var bytes: Int

    /// This many bytes.
    public init(_ bytes: Int) { self.bytes = bytes }
    /// This many bytes.
    public init(integerLiteral value: Int) { bytes = value }
    /// The smaller first.
    public static func < (left: ByteCount, right: ByteCount) -> Bool { left.bytes < right.bytes }
    /// `size (10MB, 1GiB)`.
    public static var typeDescription: String { "size (10MB, 1GiB)" }
    /// A number of bytes.
    public static var optionForm: OptionForm { .size }
    static var unitNames: [String] { units.map(\.name).filter { !$0.isEmpty } }

    /// A number and a unit: B, kB, MB, GB, TB by 1000, KiB, MiB, GiB, TiB by 1024.
    public init?(optionText text: String) {
        guard let sum = Quantity.sum(of: text, units: Self.units, single: true) else { return nil }
        bytes = Int(sum)
    }

    /// In the largest unit of 1024 that gives a whole number.
    public var optionText: String {
        let unit = Self.units.last { bytes % Int($0.size) == 0 && ($0.name.hasSuffix("iB") || $0.name == "B") }
        guard let unit, bytes != 0 else { return "\(bytes)B" }
        return "\(bytes / Int(unit.size))\(unit.name)"
    }
}

extension [String]: OptionValue {
    /// `list of texts`.
    public static var typeDescription: String { "list of texts" }
    /// Texts.
    public static var optionForm: OptionForm { .list }
    /// Texts between commas.
    public init?(optionText text: String) { self = text.isEmpty ? [] : text.split(separator: ",").map(String.init) }
    /// With commas between.
    public var optionText: String { joined(separator: ",") }
}

extension Optional: OptionValue where Wrapped: OptionValue {
    /// As the value's.
    public static var typeDescription: String { Wrapped.typeDescription }
    /// As the value's.
    public static var optionForm: OptionForm { Wrapped.optionForm }
    /// As the value's; nothing is written as the absence of the option.
    public init?(optionText text: String) {
        guard let value = Wrapped(optionText: text) else { return nil }
        self = .some(value)
    }
    /// As the value's; empty for nothing.
    public var optionText: String { self?.optionText ?? "" }
    /// Whether it is nothing.
    public var isAbsent: Bool { self == nil }
}

extension OptionValue where Self: RawRepresentable & CaseIterable, RawValue == String {
    /// The allowed words.
    public static var typeDescription: String { "one of \(allCases.map(\.rawValue).joined(separator: ", "))" }
    /// One of the words.
    public static var optionForm: OptionForm { .word(allCases.map(\.rawValue)) }
    /// One of the allowed words.
    public init?(optionText text: String) { self.init(rawValue: text) }
    /// The word.
    public var optionText: String { rawValue }
}

/// Sums of numbers with units.
private enum Quantity {
    static func sum(of text: String, units: [(name: String, size: Int64)], single: Bool = false) -> Int64? {
        var rest = text[...]
        var sum: Int64 = 0
        repeat {
            let digits = rest.prefix { $0.isASCII && $0.isNumber }
            rest = rest.dropFirst(digits.count)
            let name = rest.prefix { !($0.isASCII && $0.isNumber) }
            rest = rest.dropFirst(name.count)
            guard let number = Int64(digits), let unit = units.first(where: { $0.name == name }) else { return nil }
            let (product, overflow) = number.multipliedReportingOverflow(by: unit.size)
            let (total, overflowed) = sum.addingReportingOverflow(product)
            if overflow || overflowed { return nil }
            sum = total
        } while !rest.isEmpty && !single
        return rest.isEmpty ? sum : nil
    }
}
