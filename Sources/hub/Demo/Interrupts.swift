import Dispatch
import Foundation
import Messaging

/// Catches Ctrl-C and SIGTERM as long as it lives: the first one is noted, the second one ends the process at once. One
/// that the process was started with as ignored (`nohup`, a shell's `&`) stays ignored.
final class Interrupts {
    /// What was caught.
    final class Note: Sendable {
        private let state = Lock<ExitStatus?>(nil)

        /// What the process is to end with, once it was asked to end.
        var status: ExitStatus? { state.withLock { $0 } }

        /// Notes a signal; true when it is the first one.
        func take(_ status: ExitStatus) -> Bool {
            state.withLock { state in
                defer { state = state ?? status }
                return state == nil
            }
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
