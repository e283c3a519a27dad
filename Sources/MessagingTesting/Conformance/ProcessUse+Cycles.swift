import Messaging

extension ProcessUse {
    /// Does something again and again, in a process that does nothing else. Throws unless that leaves no more threads and
    /// descriptors than doing it 20 times does.
    package static func leavesNothing(_ times: Int = 200, _ body: () async throws -> Void) async throws {
        for _ in 0..<20 { try await body() }
        let (threads, descriptors) = (threads()?.count ?? 0, descriptors()?.count ?? 0)
        for _ in 0..<times { try await body() }
        // Two more threads of the pool are nobody's.
        try await SystemTime.shared.until("\(times) cycles leave nothing") {
            (Self.threads()?.count ?? 0) <= threads + 2 && (Self.descriptors()?.count ?? 0) <= descriptors
        }
    }
}
