#if EventLoop
    import EventLoop
    import Foundation
    import Glibc
    import Messaging
    public import MessagingTesting

    /// A client of a broker in a process of its own, which can be killed in the middle of its work: what it had reported by
    /// then is known. It runs the program that `PeerOrder` describes. Letting go of it kills it, and so does the end of
    /// this program.
    public final class PeerProcess: Sendable {
        /// What it has reported, in its order, as long as it has run.
        public let events = Observed<[PeerEvent]>([])
        private let child: ChildProcess
        private let loop: EventLoop
        private let reader: PipeReader

        /// Starts it. Throws `.unavailable` where it cannot be started.
        public init(_ program: String, _ order: PeerOrder) throws {
            loop = EventLoop("peer")
            let ends = try PipeEnds()
            defer { close(ends.writing) }
            let rest = Lock<[UInt8]>([])
            reader = PipeReader(ends.reading, on: loop) { [events] bytes in
                let lines = rest.withLock { rest in
                    rest += bytes
                    return Self.lines(of: &rest)
                }
                if !lines.isEmpty { events.change { $0 += lines } }
            }
            child = try ChildProcess([program] + order.arguments, environment: [:], output: ends.writing, errors: 2)
        }

        deinit { child.signalAll(SIGKILL) }

        /// The process's number.
        public var pid: Int32 { child.pid }

        /// How it ended, a signal being negative, once all that it had reported is in `events`; nil when it has not within
        /// the limit.
        public func end(within limit: Duration) async -> Int32? {
            guard let status = await child.status(within: limit) else { return nil }
            return await reader.hasEnded.first(within: limit) { $0 } == true ? status : nil
        }

        /// Kills it as SIGKILL does; returns when it has ended and all that it had reported is in `events`.
        public func kill() async {
            child.signalAll(SIGKILL)
            while child.status == nil, !Task.isCancelled { _ = await child.status(within: .seconds(1)) }
            _ = await reader.hasEnded.first(within: .seconds(30)) { $0 }
        }

        /// Takes the whole lines out of what was read. Half a line stays, and is never reported.
        private static func lines(of rest: inout [UInt8]) -> [PeerEvent] {
            guard let end = rest.lastIndex(of: 0x0A) else { return [] }
            defer { rest.removeFirst(end + 1) }
            return rest[..<end].split(separator: 0x0A).map { PeerEvent(line: String(decoding: $0, as: UTF8.self)) }
        }
    }
#endif
