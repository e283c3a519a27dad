// What docs/integration.md uses of swift-service-lifecycle, in its shape, so that the page compiles with nothing fetched.
// swift-format-ignore-file: AllPublicDeclarationsHaveDocumentation

import Logging

public protocol Service: Sendable {
    func run() async throws
}

public struct UnixSignal: Sendable {
    public static let sigterm = UnixSignal()
    public static let sigint = UnixSignal()
}

public actor ServiceGroup {
    public init(
        services: [any Service], gracefulShutdownSignals: [UnixSignal] = [], cancellationSignals: [UnixSignal] = [],
        logger: Logger
    ) {}
    public func run() async throws {}
}
