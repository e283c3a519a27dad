import Messaging

/// Runs the tasks of a test hub, its handlers among them, one job at a time and in the order in which they became
/// ready. So a test runs the same every time, and nothing moves once there is no job left.
final class StepExecutor: TaskExecutor {
    private struct State: Sendable {
        var jobs = RingBuffer<UnownedJob>()
        var runner: Waiter<Void>?
        /// Runs the jobs; ends once it is told to stop.
        var task: Task<Void, Never>?
        var isStopped = false
    }

    /// A clock for what waits for company: it moves on by itself whenever nobody else has anything to do.
    let gatherTime = VirtualTime()
    private let activity: Activity
    private let state = Lock(State())

    init(_ activity: Activity) { self.activity = activity }

    /// Takes a job. It counts as activity from now on until it has run.
    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        activity.jobBegins()
        let (isTaken, runner): (Bool, Waiter<Void>?) = state.withLock { state in
            if state.isStopped { return (false, nil) }
            state.jobs.append(job)
            defer { state.runner = nil }
            return (true, state.runner)
        }
        runner?.resolve(())
        if isTaken { return }
        activity.jobEnds()
        globalConcurrentExecutor.enqueue(job)
    }

    /// Runs jobs, in a task of its own, until `stop` is called and none is left.
    func start() {
        state.withLock { state in
            state.task = Task { while let job = await self.next() { self.step(job) } }
        }
    }

    /// Runs no further jobs than those that it has; later ones run as those of any task do.
    func stop() {
        let runner: Waiter<Void>? = state.withLock { state in
            state.isStopped = true
            defer { state.runner = nil }
            return state.runner
        }
        runner?.resolve(())
    }

    private func step(_ job: UnownedJob) {
        job.runSynchronously(on: asUnownedTaskExecutor())
        while state.withLock({ $0.jobs.isEmpty }), let next = gatherTime.nextAlarm {
            gatherTime.advance(by: next - gatherTime.uptime)
        }
        activity.jobEnds()
    }

    private func next() async -> UnownedJob? {
        while true {
            let waiter = Waiter<Void>()
            let (job, isStopped): (UnownedJob?, Bool) = state.withLock { state in
                let job = state.jobs.popFirst()
                if job == nil, !state.isStopped { state.runner = waiter }
                return (job, state.isStopped)
            }
            if let job { return job }
            if isStopped { return nil }
            _ = await waiter.waitUncancelled()
        }
    }
}
