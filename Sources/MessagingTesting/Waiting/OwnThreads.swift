#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// Runs each piece of work on a thread of its own: for calls that block, which would keep the few threads of the
/// cooperative pool from everybody else.
package final class OwnThreads: TaskExecutor {
    private static let shared = OwnThreads()

    /// Runs `body`, and whatever it starts that is bound to no actor, on such threads. Testing's wait for the process of an
    /// exit test blocks: two of them at once stop every other test of a machine with two cores.
    package static func run<Value: Sendable>(_ body: @Sendable () async throws -> Value) async rethrows -> Value {
        #if canImport(Glibc) || canImport(Musl)
            try await withTaskExecutorPreference(shared) { try await body() }
        #else
            try await body()
        #endif
    }

    package func enqueue(_ job: UnownedJob) {
        let work = Unmanaged.passRetained(Work(job, on: asUnownedTaskExecutor()))
        #if canImport(Glibc) || canImport(Musl)
            var thread = pthread_t()
            if pthread_create(&thread, nil, ownThread, work.toOpaque()) == 0 { return }
        #endif
        work.takeRetainedValue().run()
    }
}

private final class Work: Sendable {
    private let job: UnownedJob
    private let executor: UnownedTaskExecutor

    init(_ job: UnownedJob, on executor: UnownedTaskExecutor) {
        self.job = job
        self.executor = executor
    }

    func run() { job.runSynchronously(on: executor) }
}

#if canImport(Glibc) || canImport(Musl)
    private let ownThread: @convention(c) (UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? = { context in
        pthread_detach(pthread_self())
        if let context { Unmanaged<Work>.fromOpaque(context).takeRetainedValue().run() }
        return nil
    }
#endif
