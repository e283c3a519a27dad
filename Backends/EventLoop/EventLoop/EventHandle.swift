#if EventLoop
    import CEvent
    import Glibc

    /// One event of libevent: a descriptor or a timer.
    ///
    /// `@unchecked Sendable`: what changes is touched on the loop's thread alone.
    final class EventHandle: LoopMember, @unchecked Sendable {
        private let descriptor: Int32
        private let flags: Int32
        private let delay: Duration?
        private let action: @Sendable (Occasion) -> Void
        private var pointer: OpaquePointer?
        private var isOver = false
        private weak var loop: LoopHandle?

        init(descriptor: Int32, for occasions: Occasion, _ action: @escaping @Sendable (Occasion) -> Void) {
            self.descriptor = descriptor
            let reading = occasions.contains(.readable) ? EV_READ : 0
            let writing = occasions.contains(.writable) ? EV_WRITE : 0
            flags = reading | writing | EV_PERSIST
            delay = nil
            self.action = action
        }

        init(after delay: Duration, _ action: @escaping @Sendable (Occasion) -> Void) {
            descriptor = -1
            flags = 0
            self.delay = delay
            self.action = action
        }

        /// Adds it to the base. Where there is none any more, or libevent refuses, its action hears of the end.
        func start(on loop: LoopHandle) {
            if isOver { return }
            self.loop = loop
            guard let base = loop.base else { return endWithLoop() }
            let context = Unmanaged.passUnretained(self).toOpaque()
            pointer = event_new(base, descriptor, Int16(truncatingIfNeeded: flags), eventCallback, context)
            loop.join(self)
            guard let pointer else { return endWithLoop() }
            let added: Int32
            if let delay {
                var time = Self.time(delay)
                added = event_add(pointer, &time)
            } else {
                added = event_add(pointer, nil)
            }
            if added != 0 { endWithLoop() }
        }

        /// Removes it.
        func stop() {
            isOver = true
            if let pointer { event_free(pointer) }
            pointer = nil
            loop?.leave(self)
        }

        func endWithLoop() {
            if isOver { return }
            stop()
            action(.end)
        }

        fileprivate func happened(_ what: Int16) {
            let what = Int32(what)
            var occasion: Occasion = []
            if what & EV_READ != 0 { occasion.insert(.readable) }
            if what & EV_WRITE != 0 { occasion.insert(.writable) }
            if what & EV_TIMEOUT != 0 { occasion.insert(.time) }
            if delay != nil { stop() }
            action(occasion)
        }

        /// At most a year: a later timer is not told apart from none.
        private static func time(_ delay: Duration) -> timeval {
            let delay = min(max(delay, .zero), .seconds(365 * 86_400)).components
            return timeval(
                tv_sec: Int(delay.seconds), tv_usec: Int(delay.attoseconds / 1_000_000_000_000))
        }
    }

    private let eventCallback: @convention(c) (Int32, Int16, UnsafeMutableRawPointer?) -> Void = {
        _, what, context in
        guard let context else { return }
        Unmanaged<EventHandle>.fromOpaque(context).takeUnretainedValue().happened(what)
    }
#endif
