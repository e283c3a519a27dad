import Messaging
import MessagingHub
import MessagingReliability

/// A hub whose handler always fails, and when it ran: on a clock that is moved from one delay to the next, or, where
/// there is none, by waiting.
struct RetriedRun {
    struct Moment: Sendable {
        let id: MessageID
        let attempt: Int32
        let uptime: Duration
    }

    /// How late a run may be.
    static let tolerance = Duration.milliseconds(250)
    let context: ScenarioContext
    let clock: VirtualTime?
    let policy: RetryPolicy
    let isOrdered: Bool
    let traffic: Observed<Traffic>
    let moments: Observed<[Moment]>
    let handler: RecordingHandler

    init(_ context: ScenarioContext, on clock: VirtualTime?, _ policy: RetryPolicy, isOrdered: Bool = false) {
        self.context = context
        self.clock = clock
        self.policy = policy
        self.isOrdered = isOrdered
        let time: any TimeSource = clock ?? context.time
        let moments = Observed<[Moment]>([], on: context.time)
        handler = context.handler { run in
            moments.change { $0.append(Moment(id: run.message.id, attempt: run.attempt, uptime: time.uptime)) }
            throw AttemptScenarios.Fault()
        }
        self.moments = moments
        traffic = Observed(Traffic(), on: context.time)
    }

    /// What is to pass between this run, counted from 1, and the next.
    func delay(afterRun run: Int) -> Duration { policy.delay(afterRun: run) ?? policy.longestDelay }

    /// Lets the handler run so often, and no run come late.
    func untilRun(_ last: Int) async throws {
        try await requireRun(1, after: nil)
        for run in 1..<last {
            let delay = delay(afterRun: run)
            if let clock { await pass(delay, on: clock, before: run + 1) }
            try await requireRun(run + 1, after: delay)
        }
    }

    private func requireRun(_ run: Int, after delay: Duration?) async throws {
        let limit = context.patience + (clock == nil ? delay ?? .zero : .zero)
        let isThere = await moments.first(within: limit) { $0.count >= run } != nil
        let when = delay.map { " within \(Self.tolerance.optionText) of its delay of \($0.optionText)" } ?? ""
        try context.require(isThere, "run \(run) did not come\(when)", about: moments.value.map(\.id))
    }

    /// Moves the clock, once the failed run is settled, or, where order is kept, somebody waits for its delay. What comes
    /// too early has some time for that before the delay is over.
    private func pass(_ delay: Duration, on clock: VirtualTime, before run: Int) async {
        if isOrdered {
            await clock.waits(forAlarmBy: clock.uptime + delay + Self.tolerance, within: context.patience)
        } else {
            _ = await traffic.first(within: context.patience) { $0.settled("retry") >= run - 1 }
        }
        clock.advance(by: delay - .milliseconds(1))
        _ = await moments.first(within: .milliseconds(5)) { $0.count >= run }
        clock.advance(by: .milliseconds(1))
    }

    /// Fails unless the runs were those of one message, at the policy's delays.
    func requireDelays(of message: Message, lateness: LateWaits) throws {
        let moments = moments.value
        for (index, moment) in moments.enumerated() {
            try context.require(
                moment.id == message.id, "run \(index + 1) was of \(context.names([moment.id])), not of the message",
                about: [moment.id])
            try context.require(
                moment.attempt == index + 1, "run \(index + 1) came as attempt \(moment.attempt)", about: [moment.id])
        }
        for (index, (earlier, later)) in zip(moments, moments.dropFirst()).enumerated() {
            let (gap, delay) = (later.uptime - earlier.uptime, delay(afterRun: index + 1))
            let late = delay + Self.tolerance + (clock == nil ? lateness.between(earlier.uptime, later.uptime) : .zero)
            try context.require(
                gap >= delay && gap <= late,
                "run \(index + 2) came \(gap.inMilliseconds) after the one before, not \(delay.optionText)",
                about: [message.id])
        }
    }
}
