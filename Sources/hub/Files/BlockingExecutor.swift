import Dispatch

/// Where an actor of files runs: one job after the other, on a thread of its own, so that a slow disk or a pipe that has
/// nothing keeps no other task of the process.
final class BlockingExecutor: SerialExecutor {
    private let queue: DispatchQueue

    init(_ label: String) { queue = DispatchQueue(label: label) }

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        queue.async { job.runSynchronously(on: self.asUnownedSerialExecutor()) }
    }
}
