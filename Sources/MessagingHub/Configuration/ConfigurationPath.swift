import Messaging

/// The place of a value in a configuration: the keys that lead to it, `routes.orders.retry.attempts`.
public struct ConfigurationPath: Hashable, Sendable, CustomStringConvertible {
    /// The keys, the outermost first.
    public var keys: [String]

    /// The place that these keys lead to.
    public init(_ keys: String...) { self.keys = keys }

    init(keys: [String]) { self.keys = keys }

    /// The place of a key below this one.
    public func appending(_ key: String) -> ConfigurationPath { ConfigurationPath(keys: keys + [key]) }

    static func / (path: ConfigurationPath, key: String) -> ConfigurationPath { path.appending(key) }

    /// The place above; nil at the top.
    public var parent: ConfigurationPath? { keys.isEmpty ? nil : ConfigurationPath(keys: keys.dropLast()) }

    /// The keys with dots between; a key that is not a plain word stands in quotation marks.
    public var description: String {
        keys.map { key in
            let isPlain = !key.isEmpty && key.unicodeScalars.allSatisfy { Self.isPlain($0) }
            return isPlain ? key : key.quoted
        }.joined(separator: ".")
    }

    private static func isPlain(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar {
        case "a"..."z", "A"..."Z", "0"..."9", "-", "_": true
        default: scalar.value >= 0x80 && !scalar.isInvisible
        }
    }
}
