// What docs/integration.md uses of swift-service-lifecycle, in its shape, so that the page runs with nothing fetched.
// swift-format-ignore-file: AllPublicDeclarationsHaveDocumentation

import Logging

public protocol Service: Sendable {
    func run() async throws
}

public struct UnixSignal: Sendable {
    public static let sigterm = UnixSignal()
    public static let sigint = UnixSignal()

    fileprivate static let sent = AsyncStream<Void>.makeStream()
    /// Sends one of the signals to the group that runs.
    public static func send() { sent.continuation.yield() }
}

public actor ServiceGroup {
    private let services: [any Service]

    public init(
        services: [any Service], gracefulShutdownSignals: [UnixSignal] = [], cancellationSignals: [UnixSignal] = [],
        logger: Logger
    ) {
        self.services = services
    }

    public func run() async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for service in services { group.addTask { try await service.run() } }
            group.addTask { for await _ in UnixSignal.sent.stream { return } }
            try await group.next()
            group.cancelAll()
            try await group.waitForAll()
        }
    }
}
