import Messaging

extension ProcessUse {
    /// Does something again and again, in a process that does nothing else. Throws unless that leaves no more threads and
    /// descriptors than doing it 20 times does.
    package static func leavesNothing(_ times: Int = 200, _ body: () async throws -> Void) async throws {
        for _ in 0..<20 { try await body() }
        // The first sleep of a process opens descriptors and begins threads, which stay.
        try await SystemTime.shared.sleep(for: .milliseconds(5))
        let before = counts()
        for _ in 0..<times { try await body() }
        do {
            try await SystemTime.shared.until("\(times) cycles leave nothing") {
                let now = counts()
                // Two more threads of the pool are nobody's.
                return now.threads <= before.threads + 2 && now.descriptors <= before.descriptors
            }
        } catch {
            throw BrokerError(.timeout, "\(error); before them: \(before), now: \(counts())")
        }
    }

    private static func counts() -> (threads: Int, descriptors: Int) {
        (threads()?.count ?? 0, descriptors()?.count ?? 0)
    }
}
