#if EventLoop
    /// The tasks that wait for moments on an actor of a loop. Each wait ends once: with the moment, with an error, or
    /// because its task was cancelled.
    struct LoopWaiting<Moment: Hashable & Sendable>: Sendable {
        private struct Entry: Sendable {
            let number: UInt64
            let continuation: CheckedContinuation<StreamError?, Never>
        }

        private var entries: [Moment: [Entry]] = [:]
        private var count: UInt64 = 0

        /// A number for the next wait.
        mutating func next() -> UInt64 {
            count += 1
            return count
        }

        mutating func add(
            _ continuation: CheckedContinuation<StreamError?, Never>, for moment: Moment, number: UInt64
        ) {
            entries[moment, default: []].append(Entry(number: number, continuation: continuation))
        }

        /// Ends the waits for a moment.
        mutating func wake(_ moment: Moment) { resume(entries.removeValue(forKey: moment) ?? [], nil) }

        /// Ends every wait with an error, or because the condition is to be looked at again.
        mutating func wakeAll(_ error: StreamError? = nil) {
            let all = entries.values.flatMap { $0 }
            entries = [:]
            resume(all, error)
        }

        /// Ends one wait whose task was cancelled; nothing where it has ended.
        mutating func cancel(_ number: UInt64) {
            for (moment, waiting) in entries {
                guard let index = waiting.firstIndex(where: { $0.number == number }) else { continue }
                entries[moment]?.remove(at: index)
                let error = StreamError(.cancelled, "the task that waited was cancelled")
                return waiting[index].continuation.resume(returning: error)
            }
        }

        private func resume(_ entries: [Entry], _ error: StreamError?) {
            for entry in entries { entry.continuation.resume(returning: error) }
        }
    }
#endif
