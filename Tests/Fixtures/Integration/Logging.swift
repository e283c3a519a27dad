// What docs/integration.md uses of swift-log, in its shape, so that the page compiles with nothing fetched.
// swift-format-ignore-file: AllPublicDeclarationsHaveDocumentation

public struct Logger: Sendable {
    public enum Level: String, Sendable {
        case trace, debug, info, notice, warning, error, critical
    }
    public enum MetadataValue: Sendable {
        case string(String)
    }
    public typealias Metadata = [String: MetadataValue]
    public struct Message: ExpressibleByStringInterpolation, Sendable {
        public init(stringLiteral value: String) {}
    }

    public func log(
        level: Level, _ message: @autoclosure () -> Message, metadata: @autoclosure () -> Metadata? = nil
    ) {}
}
