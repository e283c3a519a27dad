#if RabbitMQ
    import Messaging

    /// Where what is published goes, and whether there is room.
    extension RabbitMQBroker {
        /// How many messages a destination has room for, as far as it is bounded: a quorum queue notices that it is full only
        /// when it has one more, so it is asked first. Publishers that ask at once may exceed the bound by what each sends.
        func room(for count: Int, at destination: Destination) async throws(BrokerError) -> Int {
            let declared = state.withLock { $0.declared[destination] }
            guard let declared, let most = declared.maximumMessages else { return .max }
            let groups = declared.groups.keys.map { $0 as GroupName? }
            var room = most
            for group in destination.kind == .queue ? [nil] : groups {
                let name = queueName(of: destination, group: group)
                let answer = try await perform([.findQueue(name)], over: try await admin())
                room = min(room, most - (answer?.messages ?? 0))
            }
            return room
        }

        /// What is known of a destination that is published to.
        struct PublishPlan: Sendable {
            let direct: PublishRoute
            let destination: Destination
            let isOrdered: Bool
            /// Whether its room is asked for.
            let isBounded: Bool
            /// How long a message waits in it, where it is a queue.
            let retention: Duration?
        }

        func plan(
            for destination: Destination, until end: Duration
        ) async throws(BrokerError) -> PublishPlan {
            let found = state.withLock { $0.plans[destination] }
            let plan: PublishPlan
            if let found { plan = found } else { plan = try makePlan(for: destination) }
            if !plan.direct.exchange.isEmpty { try await requireExchange(plan.direct.exchange, until: end) }
            return plan
        }

        private func makePlan(for destination: Destination) throws(BrokerError) -> PublishPlan {
            if let refusal = limits.refusal(of: destination.topic) { throw refusal }
            let name = destination.topic.name
            let direct =
                switch destination.kind {
                case .queue: PublishRoute(exchange: configuration.exchange, key: name)
                case .stream: PublishRoute(exchange: StreamNames(destination.topic).entry, key: name)
                case .pubSub: PublishRoute(exchange: pubSubExchange, key: name, isMandatory: false)
                }
            return state.withLock { state in
                let declared = state.declared[destination]
                let plan = PublishPlan(
                    direct: direct, destination: destination, isOrdered: declared.map { $0.order != .none } ?? false,
                    isBounded: declared?.maximumMessages != nil && destination.kind != .pubSub,
                    retention: destination.kind == .queue ? declared?.retention : nil)
                if state.plans.count >= 4_096 { state.plans = [:] }
                state.plans[destination] = plan
                return plan
            }
        }

        /// The exchange that pubSub goes through.
        var pubSubExchange: String { configuration.exchange.isEmpty ? "amq.topic" : configuration.exchange }

        /// Straight to its destination, or into the ladder first.
        func route(
            of message: Message, _ plan: PublishPlan, at now: Timestamp
        ) async throws(BrokerError) -> (PublishRoute, Posting) {
            if plan.destination.kind == .stream { return (plan.direct, Posting(appended: now)) }
            guard message.hasExtras, let moment = message.notBefore, moment > now else {
                return (plan.direct, Posting(keptUntil: plan.retention.map { now + $0 }))
            }
            var way = try await delayed(until: moment, to: plan.direct.key, at: now, copies: 0)
            way.1.keptUntil = plan.retention.map { moment + $0 }
            return way
        }

        /// Into the ladder, for a queue of this name, which must be there: the ladder takes everything.
        func delayed(
            until moment: Timestamp, to queue: String, at now: Timestamp, copies: Int32
        ) async throws(BrokerError) -> (PublishRoute, Posting) {
            let steps = DelayLadder.steps(for: moment - now)
            guard let top = steps.first else { return (PublishRoute(key: queue), Posting(copies: copies)) }
            try await requireLadder(top + 1)
            try await requireQueue(queue)
            return (
                PublishRoute(exchange: DelayLadder.exchange(top), key: queue), Posting(copies: copies, steps: steps)
            )
        }
    }
#endif
