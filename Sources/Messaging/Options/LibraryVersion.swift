/// A version of this library, `1.2.3`: the one place that knows which it is.
public struct LibraryVersion: Hashable, Sendable, Comparable, CustomStringConvertible {
    /// The first one.
    public static let first = LibraryVersion(0, 1, 0)
    /// This one.
    public static let current = first

    /// What changes with what breaks programs.
    public let major: Int
    /// What changes with what is new.
    public let minor: Int
    /// What changes with what is repaired.
    public let patch: Int

    /// The version of these numbers.
    public init(_ major: Int, _ minor: Int, _ patch: Int) {
        self.major = major
        self.minor = minor
        self.patch = patch
    }

    /// The older first.
    public static func < (left: LibraryVersion, right: LibraryVersion) -> Bool {
        (left.major, left.minor, left.patch) < (right.major, right.minor, right.patch)
    }

    /// `1.2.3`.
    public var description: String { "\(major).\(minor).\(patch)" }
}
