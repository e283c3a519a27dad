#if THREAD_SANITIZER
    #if canImport(Glibc)
        import Glibc
    #elseif canImport(Musl)
        import Musl
    #elseif canImport(Darwin)
        import Darwin
    #endif

    /// The lock of a thread sanitizer build; see `Lock.swift`.
    ///
    /// `@unchecked Sendable`: the pointers never change, and what they point to is touched under the mutex alone.
    @usableFromInline package struct Lock<State>: ~Copyable, @unchecked Sendable {
        private let mutex: UnsafeMutablePointer<pthread_mutex_t>
        private let state: UnsafeMutablePointer<State>

        /// A lock around this state.
        @usableFromInline package init(_ state: sending State) {
            mutex = .allocate(capacity: 1)
            mutex.initialize(to: pthread_mutex_t())
            pthread_mutex_init(mutex, nil)
            self.state = .allocate(capacity: 1)
            self.state.initialize(to: state)
        }

        deinit {
            state.deinitialize(count: 1)
            state.deallocate()
            pthread_mutex_destroy(mutex)
            mutex.deallocate()
        }

        /// Calls `body` with the state while no other thread has it. Must not be called again from within.
        @usableFromInline package func withLock<Result: Sendable, Failure: Error>(
            _ body: (inout sending State) throws(Failure) -> Result
        ) throws(Failure) -> Result {
            pthread_mutex_lock(mutex)
            defer { pthread_mutex_unlock(mutex) }
            return try body(&state.pointee)
        }

        /// As `withLock`, but nil at once while another thread has the state.
        @usableFromInline package func withLockIfAvailable<Result: Sendable, Failure: Error>(
            _ body: (inout sending State) throws(Failure) -> Result
        ) throws(Failure) -> Result? {
            if pthread_mutex_trylock(mutex) != 0 { return nil }
            defer { pthread_mutex_unlock(mutex) }
            return try body(&state.pointee)
        }
    }
#endif
