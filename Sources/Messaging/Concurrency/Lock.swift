#if !THREAD_SANITIZER
    public import Synchronization

    /// A mutual exclusion lock around the state that it protects: the standard library's, under a name of our own.
    ///
    /// Built with `-Xswiftc -DTHREAD_SANITIZER` it is a pthread mutex instead (`LockHandle.swift`): on Linux the thread
    /// sanitizer does not see the standard library's futex, and would report every use as a race.
    @usableFromInline package struct Lock<State>: ~Copyable, Sendable {
        @usableFromInline let mutex: Mutex<State>

        /// A lock around this state.
        @inlinable package init(_ state: sending State) { mutex = Mutex(state) }

        /// Calls `body` with the state while no other thread has it. Must not be called again from within.
        @inlinable package func withLock<Result: Sendable, Failure: Error>(
            _ body: (inout sending State) throws(Failure) -> Result
        ) throws(Failure) -> Result {
            try mutex.withLock { (state: inout sending State) throws(Failure) -> Result in try body(&state) }
        }

        /// As `withLock`, but nil at once while another thread has the state.
        @inlinable package func withLockIfAvailable<Result: Sendable, Failure: Error>(
            _ body: (inout sending State) throws(Failure) -> Result
        ) throws(Failure) -> Result? {
            try mutex.withLockIfAvailable { (state: inout sending State) throws(Failure) -> Result in try body(&state) }
        }
    }
#endif
