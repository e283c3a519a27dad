/// A regular expression of ECMAScript for the whole numbers of a range, as they are written with digits. Pure.
struct DigitPattern: Sendable {
    /// What may stand between two digits: an expression that the empty text fits.
    let separator: String

    /// The numbers from one to another, neither negative, with zeros before them or not.
    func expression(_ range: ClosedRange<Int64>) -> String {
        let (least, greatest) = (Self.digits(range.lowerBound), Self.digits(range.upperBound))
        var parts = least == [0] ? ["0"] : []
        let start = least == [0] ? [1] : least
        if start.count < greatest.count {
            let (isWhole, isWholeEnd) = (Self.isPower(start), greatest.allSatisfy { $0 == 9 })
            if !isWhole { parts += same(start, Self.repeated(9, start.count)) }
            let (short, long) = (start.count + (isWhole ? 0 : 1), greatest.count - (isWholeEnd ? 0 : 1))
            if short <= long { parts.append("[1-9]" + any(short - 1, long - 1)) }
            if !isWholeEnd { parts += same([1] + Self.repeated(0, greatest.count - 1), greatest) }
        } else if greatest != [0] {
            parts += same(start, greatest)
        }
        return "(0\(separator))*(\(parts.joined(separator: "|")))"
    }

    /// The numbers between two of as many digits.
    private func same(_ least: [Int], _ greatest: [Int]) -> [String] {
        guard let first = least.first, let last = greatest.first else { return [""] }
        let (low, high) = (Array(least.dropFirst()), Array(greatest.dropFirst()))
        func joined(_ digit: Int, _ rest: [String]) -> [String] {
            rest.map { "\(digit)" + ($0.isEmpty || $0.hasPrefix("(") ? $0 : separator + $0) }
        }
        if first == last { return joined(first, same(low, high)) }
        let (fromAll, toAll) = (low.allSatisfy { $0 == 0 }, high.allSatisfy { $0 == 9 })
        let (from, to) = (fromAll ? first : first + 1, toAll ? last : last - 1)
        var parts = fromAll ? [] : joined(first, same(low, Self.repeated(9, low.count)))
        if from <= to { parts.append((from == to ? "\(from)" : "[\(from)-\(to)]") + any(low.count, low.count)) }
        return parts + (toAll ? [] : joined(last, same(Self.repeated(0, high.count), high)))
    }

    /// So many further digits, whichever they are.
    private func any(_ least: Int, _ greatest: Int) -> String {
        if greatest == 0 { return "" }
        let count = least == greatest ? "{\(least)}" : "{\(least),\(greatest)}"
        return separator.isEmpty ? "[0-9]\(count)" : "(\(separator)[0-9])\(count)"
    }

    private static func digits(_ number: Int64) -> [Int] { String(max(0, number)).compactMap(\.wholeNumberValue) }
    private static func repeated(_ digit: Int, _ count: Int) -> [Int] { Array(repeating: digit, count: count) }
    private static func isPower(_ digits: [Int]) -> Bool { digits[0] == 1 && digits.dropFirst().allSatisfy { $0 == 0 } }
}

extension OptionDescription {
    /// The regular expression of ECMAScript that a value fits which is written as a text, with the range as far as such an
    /// expression can tell: that of a number that is whole, a size, or a duration of one unit. nil: any text does.
    package var pattern: String? {
        switch form {
        case .integer:
            guard let range = range({ Int64($0) }), range.upperBound >= 0, range.lowerBound > .min else {
                return form.pattern
            }
            let digits = DigitPattern(separator: "_*")
            let least = "[+]?\(digits.expression(max(0, range.lowerBound)...range.upperBound))"
            return range.lowerBound > 0 ? "^\(least)$" : "^(\(least)|-\(digits.expression(0 ... -range.lowerBound)))$"
        case .size:
            guard let range = range({ ByteCount(optionText: $0).map { Int64($0.bytes) } }) else { return form.pattern }
            return "^(\(Self.sums(in: range, ByteCount.units)))$"
        case .duration:
            guard let range = range({ Duration(optionText: $0)?.nanoseconds }) else { return form.pattern }
            let several = "([0-9]+(\(Duration.unitNames.joined(separator: "|")))){2,}"
            return "^(\(Self.sums(in: range, Duration.units))|\(several))$"
        default: return form.pattern
        }
    }

    /// The least and the greatest number of bytes; nil where it is no size.
    package var byteBounds: ClosedRange<Int64>? {
        form == .size ? range { ByteCount(optionText: $0).map { Int64($0.bytes) } } : nil
    }

    private func range(_ number: (String) -> Int64?) -> ClosedRange<Int64>? {
        guard let bounds, let least = number(bounds.least), let greatest = number(bounds.greatest), least <= greatest
        else { return nil }
        return least...greatest
    }

    /// One number and one unit, for each unit the numbers that are in the range.
    private static func sums(in range: ClosedRange<Int64>, _ units: [(name: String, size: Int64)]) -> String {
        let parts = units.compactMap { unit -> String? in
            let least = range.lowerBound / unit.size + (range.lowerBound % unit.size == 0 ? 0 : 1)
            let greatest = range.upperBound / unit.size
            return least > greatest ? nil : DigitPattern(separator: "").expression(least...greatest) + unit.name
        }
        return parts.joined(separator: "|")
    }
}
