import Messaging
import MessagingHub
import MessagingTesting

extension Mutant {
    /// Flaws of how a hub talks to its sinks.
    static let telemetry: [Mutant] = [
        Mutant(
            "the hub calls its sinks in line",
            caughtBy: [
                .init(73, "a sink of 100 ms a call delayed 1000 publishes and settlements: publishing called it", .hub)
            ]
        ) { .ofSinks { $0.sinks.isInline = true } },
        Mutant(
            "what a sink cannot take is not counted",
            caughtBy: [.init(73, " spans were made, but … taken and … counted as lost", .hub)]
        ) { .ofSinks { environment in environment.trace = environment.trace.map { Forgetful(base: $0) } } },
    ]
}

/// Between a hub and its sink: passes on every other span, and says nothing of the rest.
private struct Forgetful: TraceSink {
    let base: any TraceSink
    private let count = Observed(0)

    init(base: any TraceSink) { self.base = base }

    func span(_ record: SpanRecord) {
        let number = count.change { count in
            count += 1
            return count
        }
        if number.isMultiple(of: 2) { base.span(record) }
    }
}

extension Flaw {
    /// A flaw of what the hub does with its sinks.
    fileprivate static func ofSinks(_ edit: @escaping @Sendable (inout HubEnvironment) -> Void) -> Flaw {
        var flaw = Flaw()
        flaw.watch = edit
        return flaw
    }
}
