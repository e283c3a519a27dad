import Logging
import Metrics
import ServiceLifecycle

// Runs the programs of every page in docs, and says before each whose it is.
let pages: [(name: String, program: () async throws -> Void)] = [
    ("retry", retries), ("circuit-breaker", circuitBreakers), ("retry-budget", retryBudget),
    ("deduplication", deduplication), ("fallback", fallback), ("topic-lifecycle", lifecycles),
    ("middleware", middlewares), ("deliveries", deliveries), ("telemetry", telemetry),
    ("integration", signalled),
]
for page in pages {
    print("== \(page.name)")
    try await page.program()
}

/// Runs the program that ends with a signal, and sends it when the hub is connected.
func signalled() async throws {
    async let end: Void = integration()
    while Logger.lineCount == 0 { try await Task.sleep(for: .milliseconds(10)) }
    UnixSignal.send()
    try await end
    print("ConnectionSuccesses:", total(of: "ConnectionSuccesses"))
}
