import Foundation
import Messaging
import Synchronization

/// A bounded queue before a sink, so that a slow one delays nobody. What finds it full is dropped and counted.
final class SinkQueue<Element: Sendable>: Sendable {
    private struct State: Sendable {
        var elements = RingBuffer<Element>()
        var drainer: Waiter<Void>?
    }

    /// How many elements wait at most.
    let capacity: Int
    private let isInline: Bool
    private let state = Lock(State())
    private let lost = Atomic<Int>(0)
    private let reported = Atomic<Int>(0)
    private let deliver: @Sendable (Element) -> Void
    private let report: @Sendable (Int) -> Void

    /// After how many elements a loss is reported at the latest.
    private static var reportInterval: Int { 256 }

    /// `deliver` hands an element to the sink; `report` says how many were dropped since it was last called.
    init(
        _ settings: SinkSettings, report: @escaping @Sendable (Int) -> Void,
        deliver: @escaping @Sendable (Element) -> Void
    ) {
        capacity = settings.capacity
        isInline = settings.isInline
        self.report = report
        self.deliver = deliver
    }

    /// How many elements were dropped.
    var lostCount: Int { lost.load(ordering: .relaxed) }

    /// Adds an element. One that `mustWait` finds room always: there may be as many of those as somebody else bounds.
    func put(_ element: Element, mustWait: Bool = false) {
        if isInline { return deliver(element) }
        let drainer: Waiter<Void>? = state.withLock { state in
            if mustWait || state.elements.count < capacity {
                state.elements.append(element)
            } else {
                lost.add(1, ordering: .relaxed)
            }
            defer { state.drainer = nil }
            return state.drainer
        }
        drainer?.resolve(())
    }

    /// Hands the elements to the sink until `end` fires, and then what is left, for as long as `grace` by the machine's
    /// clock; what is left after that is lost.
    func drain(until end: Signal, grace: Duration = .seconds(1)) async {
        while !end.isFired {
            var count = 0
            while !end.isFired, let element = next() {
                deliver(element)
                count += 1
                if count.isMultiple(of: Self.reportInterval) { reportLost() }
            }
            reportLost()
            let waiter = Waiter<Void>()
            let isIdle = state.withLock { state in
                if state.elements.isEmpty { state.drainer = waiter }
                return state.elements.isEmpty
            }
            // `end` fires before `wake` looks for a drainer: whoever comes too late to be woken sees it here.
            if isIdle, !end.isFired { _ = await waiter.waitUncancelled() }
        }
        finish(by: SystemTime.shared.uptime + grace)
    }

    /// Wakes `drain`, so that it sees its end.
    func wake() {
        let drainer: Waiter<Void>? = state.withLock { state in
            defer { state.drainer = nil }
            return state.drainer
        }
        drainer?.resolve(())
    }

    private func next() -> Element? { state.withLock { $0.elements.popFirst() } }

    private func finish(by deadline: Duration) {
        while SystemTime.shared.uptime < deadline, let element = next() { deliver(element) }
        let left = state.withLock { state in
            defer { state.elements = RingBuffer() }
            return state.elements.count
        }
        lost.add(left, ordering: .relaxed)
        reportLost()
    }

    private func reportLost() {
        let all = lostCount
        let new = all - reported.exchange(all, ordering: .relaxed)
        if new > 0 { report(new) }
    }
}

/// How sinks are called.
package struct SinkSettings: Sendable {
    /// How many records wait for a slow sink at most.
    package var capacity = 4096
    /// Whether whoever has something for a sink calls it: for tests that look at the order of events.
    package var isInline = false

    /// Behind a queue of 4,096.
    package init() {}
}

/// A thread for a sink, which may block it: none of those that handlers run on.
final class SinkExecutor: TaskExecutor {
    private let queue: DispatchQueue

    init(_ name: String) { queue = DispatchQueue(label: "hub.\(name)") }

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        queue.async { job.runSynchronously(on: self.asUnownedTaskExecutor()) }
    }
}
