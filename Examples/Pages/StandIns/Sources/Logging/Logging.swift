// What docs/integration.md uses of swift-log, in its shape, so that the page runs with nothing fetched: it prints each line.
// swift-format-ignore-file: AllPublicDeclarationsHaveDocumentation

import Synchronization

public struct Logger: Sendable {
    public enum Level: String, Sendable {
        case trace, debug, info, notice, warning, error, critical
    }
    public enum MetadataValue: Sendable {
        case string(String)
    }
    public typealias Metadata = [String: MetadataValue]
    public typealias Message = String

    /// How many lines there were.
    public static var lineCount: Int { lines.load(ordering: .relaxed) }
    private static let lines = Atomic(0)
    private let label: String

    public init(label: String) { self.label = label }

    public func log(
        level: Level, _ message: @autoclosure () -> Message, metadata: @autoclosure () -> Metadata? = nil
    ) {
        let facts = (metadata() ?? [:]).sorted { $0.key < $1.key }.map { key, value in
            switch value {
            case .string(let text): " \(key)=\(text)"
            }
        }
        print("\(label) \(level): \(message())\(facts.joined())")
        Self.lines.add(1, ordering: .relaxed)
    }
}
