#if EventLoop
    /// What an event is about.
    package struct Occasion: OptionSet, Sendable {
        package let rawValue: Int
        package init(rawValue: Int) { self.rawValue = rawValue }

        /// The descriptor can be read from, or has ended.
        package static let readable = Occasion(rawValue: 1)
        /// The descriptor can be written to, or has failed.
        package static let writable = Occasion(rawValue: 2)
        /// The time has passed.
        package static let time = Occasion(rawValue: 4)
        /// The loop is closed: the event will not come any more.
        package static let end = Occasion(rawValue: 8)
    }

    /// A descriptor that is watched, or a timer that runs. Letting go of it cancels it.
    package final class LoopEvent: Sendable {
        private let loop: EventLoop
        private let handle: EventHandle

        init(on loop: EventLoop, _ handle: EventHandle) {
            self.loop = loop
            self.handle = handle
            loop.perform { [core = loop.handle] in handle.start(on: core) }
        }

        deinit { cancel() }

        /// No call begins any more: from now on when called on the loop, else once the loop has come to it.
        package func cancel() {
            if loop.isCurrent { handle.stop() } else { loop.perform { [handle] in handle.stop() } }
        }
    }
#endif
