extension Timestamp: LosslessStringConvertible {
    /// A time of RFC 3339, `2026-11-21T15:04:05Z`, with any fraction of a second (cut at the nanosecond) and any offset
    /// from UTC; nil where it is none, or outside of the years that a timestamp covers.
    public init?(_ description: String) {
        let bytes = Array(description.utf8)
        guard bytes.count >= 20, bytes.count <= 64, let moment = RFC3339(bytes).moment else { return nil }
        self.init(nanoseconds: moment)
    }
}

/// Reads a time of RFC 3339.
private struct RFC3339 {
    private let bytes: [UInt8]
    private var place = 0

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    var moment: Int64? {
        var reader = self
        return reader.read()
    }

    private mutating func read() -> Int64? {
        guard let year = number(4), take("-"), let month = number(2), take("-"), let day = number(2),
            take("T") || take("t") || take(" "),
            let hour = number(2), take(":"), let minute = number(2), take(":"), let second = number(2),
            (1...12).contains(month), day >= 1, day <= Self.days(in: month, of: year),
            hour < 24, minute < 60, second <= 60,
            let fraction = fraction(), let offset = offset(), place == bytes.count
        else { return nil }
        let inDay = hour * 3600 + minute * 60 + second - offset
        let seconds = Self.daysBefore(year, month, day) * 86_400 + inDay
        let (product, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
        let (sum, overflowed) = product.addingReportingOverflow(fraction)
        return overflow || overflowed ? nil : sum
    }

    private mutating func take(_ character: Unicode.Scalar) -> Bool {
        guard place < bytes.count, bytes[place] == UInt8(ascii: character) else { return false }
        place += 1
        return true
    }

    private mutating func digit() -> Int64? {
        guard place < bytes.count, (0x30...0x39).contains(bytes[place]) else { return nil }
        defer { place += 1 }
        return Int64(bytes[place] - 0x30)
    }

    private mutating func number(_ count: Int) -> Int64? {
        var sum: Int64 = 0
        for _ in 0..<count {
            guard let digit = digit() else { return nil }
            sum = sum * 10 + digit
        }
        return sum
    }

    private mutating func fraction() -> Int64? {
        guard take(".") else { return 0 }
        guard var sum = digit() else { return nil }
        var scale: Int64 = 100_000_000
        sum *= scale
        while let digit = digit() {
            scale /= 10
            sum += digit * scale
        }
        return sum
    }

    private mutating func offset() -> Int64? {
        if take("Z") || take("z") { return 0 }
        let isEast = take("+")
        guard isEast || take("-"), let hours = number(2), take(":"), let minutes = number(2), hours < 24, minutes < 60
        else { return nil }
        return (isEast ? 1 : -1) * (hours * 3600 + minutes * 60)
    }

    private static func days(in month: Int64, of year: Int64) -> Int64 {
        let isLeap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
        return month == 2 ? (isLeap ? 29 : 28) : [4, 6, 9, 11].contains(month) ? 30 : 31
    }

    /// Days since 1970-01-01, by the era arithmetic of Howard Hinnant's `days_from_civil`.
    private static func daysBefore(_ year: Int64, _ month: Int64, _ day: Int64) -> Int64 {
        let shifted = month <= 2 ? year - 1 : year
        let era = (shifted >= 0 ? shifted : shifted - 399) / 400
        let yearOfEra = shifted - era * 400
        let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
        return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
    }
}
