import Messaging
import MessagingHub
import MessagingReliability

/// Scenario 92: a request that nobody handles, and one whose requester is gone before it is answered.
enum RequestToNobody {
    static func endsWell(_ context: ScenarioContext) async throws {
        try await RequestScenarios.eachWay(context) { way, _ in
            try await failsInTime(context, way)
            try await leavesNoLoop(context, way)
        }
    }

    private static func failsInTime(_ context: ScenarioContext, _ way: RequestWay) async throws {
        let (place, limit) = (context.nowhere(), context.delay(300))
        let patience = context.patience
        let time = context.time
        let (errors, lateness) = try await context.withHub(at: place, over: way.over) { hub in
            func ask(within limit: Duration) async -> (code: String, took: Duration) {
                let start = time.uptime
                do {
                    let reply = try await hub.request(Message(), to: place.destination.topic, within: limit)
                    return ("a reply, \(reply.body)", time.uptime - start)
                } catch {
                    return ((error as? BrokerError)?.code.name ?? "\(error)", time.uptime - start)
                }
            }
            return try await context.measuringTheMachine {
                await ask(within: way == .native ? patience : limit)
            }
        }
        let end = "\(way): a request to nobody ended with \(errors.code) after \(errors.took.inMilliseconds)"
        switch way {
        case .native:
            try context.require(errors.code == "unavailable" && errors.took < patience / 2, "\(end), not at once")
        case .byTopic:
            let latest = limit + RetriedRun.tolerance + lateness.total
            let isInTime = errors.code == "timeout" && errors.took >= limit && errors.took <= latest
            try context.require(isInTime, "\(end), not with its time-out of \(limit.optionText)")
        }
    }

    /// The handler is done when who asked is gone.
    private static func leavesNoLoop(_ context: ScenarioContext, _ way: RequestWay) async throws {
        let place = context.nowhere()
        let isGone = Observed(false, on: context.time)
        let patience = context.patience
        let handler = context.handler { _ in _ = await isGone.first(within: patience) { $0 } }
        let limit = context.delay(100)
        let eager = RetryPolicy(attempts: 20, backoff: .constant, delay: .zero)
        try await context.withHub(at: place, over: way.over, route: { $0.retry = eager }) { responder in
            try await responder.respond(to: place.destination.topic, group: place.group) { request in
                try await handler.handle(request)
                return Message("for nobody")
            }
            try await context.withHub(at: place, over: way.over, route: { $0.retry = eager }) { requester in
                let asking = context.meanwhile("a request") { () -> String in
                    do {
                        let reply = try await requester.request(Message(), to: place.destination.topic, within: limit)
                        return "a reply, \(reply.body)"
                    } catch {
                        return (error as? BrokerError)?.code.name ?? "\(error)"
                    }
                }
                await handler.waits(for: 1, within: patience)
                let code = try await asking.value()
                try context.require(
                    code == "timeout", "\(way): a request that nobody answered in time ended with \(code)")
            }
            isGone.change { $0 = true }
            try await requireOneRun(context, way, responder, handler)
        }
        try await context.nothingComesBack(from: place, because: "it was handled, though nobody waits for its reply")
    }

    private static func requireOneRun(
        _ context: ScenarioContext, _ way: RequestWay, _ hub: MessageHub, _ handler: RecordingHandler
    ) async throws {
        let end = context.time.uptime + context.patience
        while hub.metrics().handled == 0, handler.handled.count == 1, context.time.uptime < end {
            try await context.time.sleep(for: .milliseconds(1))
        }
        let (runs, metrics) = (handler.handled.count, hub.metrics())
        try context.require(
            runs == 1 && metrics.failed == 0 && metrics.handled == 1,
            "\(way): a request whose requester is gone ran \(runs) times, \(metrics.failed) of them failed")
        let replies = metrics.requests
        try context.require(
            replies.replied + replies.unwanted == 1,
            "\(way): the reply to nobody is not counted: \(replies.replied) sent, \(replies.unwanted) not wanted")
    }
}
