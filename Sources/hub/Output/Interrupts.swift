import Dispatch
import Foundation
import Messaging

/// Catches Ctrl-C and SIGTERM as long as it lives: the first one is noted, the second one ends the process at once. One
/// that the process was started with as ignored (`nohup`, a shell's `&`) stays ignored.
final class Interrupts {
    /// What was caught.
    final class Note: Sendable {
        private let state = Lock<(status: ExitStatus?, waiting: [Waiter<Void>])>((nil, []))

        /// What the process is to end with, once it was asked to end.
        var status: ExitStatus? { state.withLock { $0.status } }

        /// Notes a signal; true when it is the first one.
        func take(_ status: ExitStatus) -> Bool {
            let (isFirst, waiting) = state.withLock { state in
                defer { state = (state.status ?? status, []) }
                return (state.status == nil, state.waiting)
            }
            for waiter in waiting { waiter.resolve(()) }
            return isFirst
        }

        /// Returns once the process was asked to end, or the task is cancelled.
        func wait() async {
            let waiter = Waiter<Void>()
            let isOver = state.withLock { state in
                if state.status == nil { state.waiting.append(waiter) }
                return state.status != nil
            }
            if !isOver { _ = await waiter.wait() }
        }
    }

    let note = Note()
    private let sources: [(number: Int32, source: any DispatchSourceSignal)]

    /// `beforeTheEnd` is called where the process is ended at once.
    init(beforeTheEnd: @escaping @Sendable () -> Void) {
        sources = [(SIGINT, ExitStatus.interrupted), (SIGTERM, .terminated)].compactMap { [note] number, status in
            if Self.ignore(number) { return nil }
            let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
            source.setEventHandler {
                if note.take(status) { return }
                beforeTheEnd()
                exit(status.rawValue)
            }
            source.resume()
            return (number, source)
        }
    }

    /// Has the system ignore a signal, so that its source alone sees it; whether it did before.
    private static func ignore(_ number: Int32) -> Bool {
        let before = unsafeBitCast(signal(number, SIG_IGN), to: UInt.self)
        return before == unsafeBitCast(SIG_IGN, to: UInt.self)
    }

    deinit {
        for (number, source) in sources {
            source.cancel()
            signal(number, SIG_DFL)
        }
    }
}
