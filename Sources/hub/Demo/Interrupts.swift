import Dispatch
import Foundation
import Messaging

/// Catches Ctrl-C and SIGTERM as long as it lives: the first one is noted, the second one ends the process at once.
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
    private let sources: [any DispatchSourceSignal]

    init() {
        sources = [(SIGINT, ExitStatus.interrupted), (SIGTERM, .terminated)].map { [note] number, status in
            signal(number, SIG_IGN)
            let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
            source.setEventHandler { if !note.take(status) { exit(status.rawValue) } }
            source.resume()
            return source
        }
    }

    deinit {
        for source in sources { source.cancel() }
        signal(SIGINT, SIG_DFL)
        signal(SIGTERM, SIG_DFL)
    }
}
