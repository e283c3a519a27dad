// What docs/integration.md uses of swift-metrics, in its shape, so that the page runs with nothing fetched: it adds up.
// swift-format-ignore-file: AllPublicDeclarationsHaveDocumentation

import Synchronization

private let totals = Mutex<[String: Double]>([:])

/// What all counters of a label have been increased by.
public func total(of label: String) -> Double { totals.withLock { $0[label, default: 0] } }

public final class FloatingPointCounter: Sendable {
    private let label: String
    public init(label: String, dimensions: [(String, String)] = []) { self.label = label }
    public func increment<Amount: BinaryFloatingPoint>(by amount: Amount) {
        totals.withLock { $0[label, default: 0] += Double(amount) }
    }
}

public final class Recorder: Sendable {
    public init(label: String, dimensions: [(String, String)] = [], aggregate: Bool = true) {}
    public func record<Value: BinaryFloatingPoint>(_ value: Value) {}
}
