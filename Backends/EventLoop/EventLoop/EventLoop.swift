#if EventLoop
    /// A thread with a libevent base on it, which is an executor: an actor whose `unownedExecutor` this is runs there,
    /// beside the callbacks of its descriptors, timers and streams, and needs no lock towards them.
    ///
    /// Making one opens nothing and starts nothing: the thread comes with the first work. `close`, or letting go, ends
    /// thread, base and whatever is still watched or connected on it. Work that comes later still runs, one piece at a
    /// time, on a thread that ends with it: no task is ever left waiting for a loop that is gone.
    package final class EventLoop: SerialExecutor {
        let handle: LoopHandle

        /// A loop whose thread has this name, of which the system shows 15 bytes.
        package init(_ name: String) { handle = LoopHandle(name) }

        /// The name of its thread.
        package var name: String { handle.name }

        deinit { handle.end() }

        /// Runs a job on the loop, after those that came before it.
        package func enqueue(_ job: UnownedJob) { handle.add(.job(job), of: self) }

        /// Calls `action` on the loop, after the work that came before it. It must not block.
        package func perform(_ action: @escaping @Sendable () -> Void) { handle.add(.action(action), of: self) }

        /// This loop, as actors name it.
        package func asUnownedSerialExecutor() -> UnownedSerialExecutor { UnownedSerialExecutor(ordinary: self) }

        /// Whether the caller runs on this loop.
        package var isCurrent: Bool { handle.isCurrent }

        /// Asked by `assumeIsolated`, which a callback of C uses: whether the caller runs on this loop.
        package func isIsolatingCurrentContext() -> Bool? { handle.isCurrent }

        /// Ends everything on the loop: events get `.end`, streams and listeners answer that they are closed. Returns when
        /// the base is freed and the thread has nothing left to do. Harmless when repeated, and deaf to cancellation.
        package func close() async { await withCheckedContinuation { handle.end(then: $0) } }

        /// Calls `action` on the loop whenever the descriptor is ready as asked; with `.end` when the loop is closed
        /// first. The descriptor stays the caller's, who cancels the event before closing it.
        package func watch(
            _ descriptor: Int32, for occasions: Occasion, _ action: @escaping @Sendable (Occasion) -> Void
        ) -> LoopEvent {
            LoopEvent(on: self, EventHandle(descriptor: descriptor, for: occasions, action))
        }

        /// Calls `action` once on the loop when the time has passed; with `.end` when the loop is closed first.
        package func timer(
            after delay: Duration, _ action: @escaping @Sendable (Occasion) -> Void
        ) -> LoopEvent {
            LoopEvent(on: self, EventHandle(after: delay, action))
        }
    }
#endif
