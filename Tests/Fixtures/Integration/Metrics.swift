// What docs/integration.md uses of swift-metrics, in its shape, so that the page compiles with nothing fetched.
// swift-format-ignore-file: AllPublicDeclarationsHaveDocumentation

public final class FloatingPointCounter: Sendable {
    public init(label: String, dimensions: [(String, String)] = []) {}
    public func increment<Amount: BinaryFloatingPoint>(by amount: Amount) {}
}

public final class Recorder: Sendable {
    public init(label: String, dimensions: [(String, String)] = [], aggregate: Bool = true) {}
    public func record<Value: BinaryFloatingPoint>(_ value: Value) {}
}
