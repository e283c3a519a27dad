#if RabbitMQ
    import Messaging
    import MessagingFaults
    import MessagingHub
    import Testing

    @testable import MessagingTesting
    @testable import RabbitMQBroker

    /// What happens to a RabbitMQ beside what the scenarios show, under load and counted: nothing that was confirmed is lost,
    /// nothing comes again but what was in flight or settled within the settle lag, and messages flow within 5 s.
    @Suite("Faults of RabbitMQ", .serialized, .enabled(if: RabbitMQServer.isWanted, "\(RabbitMQServer.absence)"))
    struct FaultTests {
        static let harness = Task {
            try await RabbitMQHarness(try await RabbitMQServer.start(), isItsOwn: true)
        }

        /// Runs this as a scenario: its history is judged, too.
        private func show(
            _ sentence: String, _ kind: DestinationKind = .queue,
            _ body: @escaping @Sendable (ScenarioContext, ServerProcess) async throws -> Void
        ) async throws {
            let harness = try await Self.harness.value
            let scenario = Scenario(0, sentence, why: "", kind) { try await body($0, harness.process) }
            let result = await BrokerConformance(harness).run(scenario, kind: kind)
            if case .failed(let violation) = result { Issue.record(violation, "\(violation.report)") }
        }

        @Test("While the server is out of memory publishers wait, nothing fails and consumers go on; then all goes on")
        func memoryAlarm() async throws {
            try await show("a memory alarm loses nothing") { context, server in
                let load = try await SteadyLoad(context)
                let (publisher, place) = (load.publisher, load.place)
                let message = context.message("published meanwhile")
                let waiting = try await server.withoutMemory {
                    let reason = await publisher.events.first(within: .seconds(10)) { !$0.blocks.isEmpty }?.blocks.first
                    try context.require(reason?.isEmpty == false, "the publisher did not say why it is blocked")
                    let waiting = context.meanwhile("a publish during the alarm") {
                        try await publisher.publish(message, to: place, options: .init(deadline: context.patience))
                    }
                    let late = [context.message("too late")]
                    let outcomes = try await publisher.outcomes(
                        of: late, to: place, options: .init(deadline: .milliseconds(300)))
                    try context.requireRefused(outcomes[0], .timeout, late[0], "what could not be sent in time")
                    let depth = try await context.time.bounded("asking for a depth", within: .seconds(2)) {
                        try await publisher.broker.topology?.depth(of: place.destination, group: nil)
                    }
                    try context.require(depth?.consumers ?? 0 > 0, "the depth says \(String(describing: depth))")
                    try context.require(await publisher.broker.health().state == .degraded, "health says nothing of it")
                    // The server does not read, and is not to be taken for dead by us, nor we by it.
                    try await context.time.sleep(for: context.harness.heartbeat * 3)
                    return waiting
                }
                let isOver = await publisher.events.first(within: .seconds(5)) { $0.contains(.unblocked) } != nil
                try context.require(isOver, "the publisher was not told that it may go on")
                try await load.flows("once there was memory again")
                _ = try await waiting.value()
                for peer in [publisher, load.consumer] {
                    try context.require(peer.losses == 0, "a connection of \(peer.name) was given up")
                }
                try context.require(load.consumer.events.value.blocks.isEmpty, "the consumer was blocked, too")
                try context.require(publisher.events.value.blocks.count == 1, "it was reported more than once")
                try await load.ends()
            }
        }

        @Test("That the server is out of memory is logged with its reason, and metered with how long it took")
        func alarmIsTold() async throws {
            try await show("a memory alarm is logged and metered") { context, server in
                let (place, log, metrics) = (context.nowhere(), LogCollector(), MetricsCollector())
                let watch: (inout HubEnvironment) -> Void = { environment in
                    (environment.log, environment.logLevel, environment.metrics) = (log, .info, metrics)
                    environment.metricsInterval = .milliseconds(20)
                }
                try await context.withHub(at: place, watchedBy: watch) { hub in
                    let (time, isOver) = (context.time, Observed(false))
                    // It says so to who publishes.
                    let publishing = context.meanwhile("publishing through the alarm") {
                        while !isOver.value {
                            try await hub.publish(context.message(), to: place.destination.topic)
                            try await time.sleep(for: .milliseconds(5))
                        }
                    }
                    try await server.withoutMemory {
                        try await time.until("it is logged") { log.records(of: "broker blocked").count == 1 }
                        try await time.until("it is exported") { metrics.values(of: "hub.blocked").last == 1 }
                        try context.require(hub.metrics()["BrokerBlocks"] == 1, "it is not counted")
                    }
                    try await time.until("its end is logged") { log.records(of: "broker unblocked").count == 1 }
                    isOver.change { $0 = true }
                    try await publishing.value()
                    try context.require(hub.metrics()["BrokerBlockedTotal"] ?? 0 > 0, "how long it took is not counted")
                }
                let (begun, ended) = (log.records(of: "broker blocked"), log.records(of: "broker unblocked"))
                try context.require(begun.count == 1 && ended.count == 1, "it was logged \(begun.count) times")
                try context.require(begun[0]["reason"]?.contains("memory") == true, "the reason is not logged")
                try context.require(ended[0]["duration_s"].flatMap(Double.init) ?? 0 > 0, "nor how long it took")
                try context.require(metrics.sum(of: "BrokerBlocks") == 1, "the sink was not told")
            }
        }

        @Test("A connection that goes while the server is out of memory leaves nobody blocked")
        func closedWhileBlocked() async throws {
            try await show("an alarm ends with the connection that it blocked") { context, server in
                let load = try await SteadyLoad(context)
                let publisher = load.publisher
                try await load.disturbed("after its connections were closed during a memory alarm") {
                    context.history.fault("closes all connections", of: "server")
                    try await server.withoutMemory {
                        _ = await publisher.events.first(within: .seconds(10)) { !$0.blocks.isEmpty }
                        try await server.closeConnections()
                        try await publisher.isLost(moreThan: 0, context, "closed by the server")
                    }
                } heal: {
                    context.history.recovery("lets everybody in", of: "server")
                }
                try await context.time.until("health says so") { await publisher.broker.health().state == .connected }
                let events = publisher.events.value
                let (blocks, ends) = (events.blocks.count, events.count { $0 == .unblocked })
                try context.require(blocks == ends, "\(blocks) times blocked, and \(ends) times not any more")
                try await load.ends()
            }
        }

        @Test("All connections are closed by the server, again and again", arguments: [DestinationKind.queue, .stream])
        func closedConnections(_ kind: DestinationKind) async throws {
            try await show("connections that the server closes lose nothing", kind) { context, server in
                let load = try await SteadyLoad(context)
                let peers = [load.publisher, load.consumer]
                for round in 1...5 {
                    let before = peers.map(\.losses)
                    let when = "after its connections were closed for the \(round). time"
                    try await load.disturbed(when) {
                        context.history.fault("closes all connections", of: "server")
                        try await server.closeConnections()
                        for (peer, count) in zip(peers, before) {
                            try await peer.isLost(moreThan: count, context, "closed by the server")
                        }
                    } heal: {
                        context.history.recovery("lets everybody in", of: "server")
                    }
                    for peer in peers { try await peer.isUp(context, when) }
                }
                for peer in peers { try peer.reportsEachOnce(context) }
                try await load.ends()
            }
        }

        @Test("A queue that is deleted ends its consumer, refuses what is published, and leaves its neighbours alone")
        func deletedQueue() async throws {
            try await show("a queue that is deleted ends its consumer alone") { context, server in
                let load = try await SteadyLoad(context)
                let doomed = try await context.place(by: load.publisher)
                context.history.leaves(doomed.destination, because: "the server deletes it")
                let member = try await load.consumer.subscribe(doomed, window: 8)
                try await load.publisher.publish(context.messages(20), to: doomed)
                let held = try await member.take(4)
                try await server.deleteQueue(doomed.destination.topic.name)
                try await Self.ends(member, as: .deleted, context)
                try context.require(!held.contains(where: member.holds), "what went with the queue is held")
                let outcomes = try await member.settle(held.map { ($0, .accept) })
                try context.require(outcomes.allSatisfy { $0 == .stale }, "settling it was answered \(outcomes)")
                let late = context.messages(3)
                for (index, outcome) in try await load.publisher.outcomes(of: late, to: doomed) {
                    try context.requireRefused(outcome, .noSuchDestination, late[index], "one of several")
                }
                let one = context.message()
                let outcome = try await load.publisher.outcomes(ofOne: one, to: doomed)[0]
                try context.requireRefused(outcome, .noSuchDestination, one, "one alone")
                let ends = load.consumer.events.value.filter { if case .ended = $0 { true } else { false } }
                try context.require(ends.count == 1, "its end was reported \(ends.count) times")
                try context.require(load.publisher.losses + load.consumer.losses == 0, "it took its connection with it")
                try await load.flows("after a neighbour's queue was deleted")
                try await context.declare(doomed, by: load.publisher)
                try await BrokenConnectionScenarios.hears(
                    try await load.consumer.subscribe(doomed), from: load.publisher, "made again", context)
                try await load.ends()
            }
        }

        private static func ends(
            _ member: Member, as reason: BrokerError.EndReason, _ context: ScenarioContext
        ) async throws {
            let end = context.time.uptime + .seconds(10)
            do {
                while context.time.uptime < end { _ = try await member.receive(upTo: 8, within: .seconds(1)) }
            } catch let error as BrokerError {
                return try context.require(error.endReason == reason, "it threw \(error), not ended as \(reason)")
            }
            throw ScenarioFailure("a consumer of what was deleted did not end")
        }

        @Test("A settlement that the server refuses closes its own channel, which is opened again")
        func refusedSettlement() async throws {
            try await show("a channel that the server closes takes nothing with it") { context, server in
                let load = try await SteadyLoad(context)
                let place = try await context.place(by: load.publisher)
                let neighbour = try await load.consumer.subscribe(place)
                try await load.publisher.publish(context.message("the neighbour's"), to: place)
                let held = try await neighbour.takeOne()
                let connections = try await server.links.first
                for round in 1...3 {
                    var core: ConsumerCore?
                    for channel in load.consumer.rabbit?.consumers.all ?? []
                    where await channel.label.contains(load.place.destination.topic.name) { core = await channel.core }
                    guard let core else { throw ScenarioFailure("the consumer has no channel") }
                    let before = core.epoch
                    try await load.disturbed("after its channel was closed for the \(round). time") {
                        context.history.fault("closes a channel", of: "server")
                        // A tag that was never given out: PRECONDITION_FAILED.
                        core.passOver(1 << 40)
                        try await context.time.until("the channel is closed") { core.epoch > before }
                    } heal: {
                        context.history.recovery("has closed it", of: "server")
                    }
                    try context.require(neighbour.holds(held), "it took a neighbour's hold with it")
                }
                try await neighbour.accept([held])
                try await BrokenConnectionScenarios.hears(neighbour, from: load.publisher, "beside it", context)
                try context.require(load.publisher.losses + load.consumer.losses == 0, "it took a connection with it")
                let now = try await server.links.first
                try context.require(now == connections, "\(now ?? 0) connections, not \(connections ?? 0)")
                try await load.ends()
            }
        }

        @Test("A way to the server that is slow for a while costs time alone")
        func slowLink() async throws {
            try await show("a slow link loses and repeats nothing") { context, _ in
                let load = try await SteadyLoad(context)
                for peer in [load.publisher, load.consumer] {
                    guard let proxy = peer.proxy else { throw ScenarioFailure("there is no proxy to slow down") }
                    for delay in [50, 400, 700] {
                        try await proxy.apply(.delay(.milliseconds(delay)))
                        try await context.time.sleep(for: context.harness.heartbeat * 2)
                    }
                    try await proxy.restore()
                    try await load.flows("once nothing of \(peer.name) was late any more")
                }
                try context.require(load.publisher.losses + load.consumer.losses == 0, "a slow connection was given up")
                try await load.ends()
            }
        }
    }

    extension [BrokerEvent] {
        /// Why the broker has accepted nothing, each time.
        fileprivate var blocks: [String] { compactMap { if case .blocked(let reason) = $0 { reason } else { nil } } }
    }
#endif
