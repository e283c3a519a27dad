import Messaging

extension ProcessUse {
    private struct Use {
        let threads: Int
        let descriptors: Set<String>

        static var now: Use {
            Use(threads: ProcessUse.threads()?.count ?? 0, descriptors: ProcessUse.descriptors() ?? [])
        }

        /// Two more threads of the pool are nobody's.
        func isWithin(_ before: Use) -> Bool {
            threads <= before.threads + 2 && descriptors.count <= before.descriptors.count
        }

        func change(since before: Use) -> String {
            let new = descriptors.subtracting(before.descriptors).sorted()
            let gone = before.descriptors.subtracting(descriptors).sorted()
            return "\(threads) threads instead of \(before.threads), new descriptors \(new), gone \(gone)"
        }
    }

    /// Does something again and again, in a process that does nothing else. Throws unless that leaves no more threads and
    /// descriptors than doing it 20 times does, and names what is left.
    package static func leavesNothing(_ times: Int = 200, _ body: () async throws -> Void) async throws {
        for _ in 0..<20 { try await body() }
        // The first sleep of a process opens descriptors and begins threads, which stay.
        try await SystemTime.shared.sleep(for: .milliseconds(5))
        let before = Use.now
        for _ in 0..<times { try await body() }
        do {
            try await SystemTime.shared.until("\(times) cycles leave nothing") { Use.now.isWithin(before) }
        } catch {
            throw BrokerError(.timeout, "\(error); \(Use.now.change(since: before))")
        }
    }
}
