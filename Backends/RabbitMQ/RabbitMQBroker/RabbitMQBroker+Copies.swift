#if RabbitMQ
    import Messaging

    extension RabbitMQBroker: Copier {
        func retry(
            _ held: DeliveryWindow.Held, after delay: Duration, _ subscription: Subscription
        ) -> Result<CopyOrder, BrokerError> {
            let destination: Destination
            switch subscription.source {
            case .destination(let one): destination = one
            case .pattern(let pattern, let kind):
                destination = Destination(held.topic ?? Topic(unchecked: pattern.text), kind)
            }
            let declared = state.withLock { $0.declared[destination] }
            if let declared, declared.order != .none {
                return .failure(
                    BrokerError(.unsupported, "\(destination) keeps order: what failed is run again where it is held"))
            }
            if delay > limits.maximumDelay {
                return .failure(BrokerError(.invalidArgument, "a delay of \(delay) is over \(limits.maximumDelay)"))
            }
            let queue = queueName(of: destination, group: subscription.group)
            let due = time.now + max(.zero, delay)
            let retention = destination.kind == .queue ? declared?.retention : nil
            let posting = Posting(copies: held.attempt, due: due, keptUntil: retention.map { due + $0 })
            return .success(CopyOrder(held.message, to: .queue(queue), posting))
        }

        func publish(_ groups: [[CopyOrder]]) async -> [BrokerError?] {
            await withTaskGroup(of: (Int, BrokerError?).self) { tasks in
                for (index, group) in groups.enumerated() {
                    tasks.addTask { (index, await self.publishAll(group)) }
                }
                var results = [BrokerError?](repeating: nil, count: groups.count)
                for await (index, error) in tasks { results[index] = error }
                return results
            }
        }

        private func publishAll(_ orders: [CopyOrder]) async -> BrokerError? {
            for order in orders {
                do throws(PublishFailure) {
                    switch order.target {
                    case .destination(let destination):
                        _ = try await publish(order.message, to: destination, options: PublishOptions())
                    case .queue(let queue): try await publish(order.message, toQueue: queue, order.posting)
                    }
                } catch {
                    return error.first
                }
            }
            return nil
        }

        /// Publishes a copy to a queue by its name, by the ladder where its time has not come.
        private func publish(_ message: Message, toQueue queue: String, _ posting: Posting) async throws(PublishFailure)
        {
            let now = time.now
            var way: (PublishRoute, Posting)
            do throws(BrokerError) {
                try requireConnected(during: .settle)
                way = try await delayed(until: posting.due ?? now, to: queue, at: now, copies: posting.copies)
                (way.1.due, way.1.keptUntil) = (posting.due, posting.keptUntil)
            } catch {
                throw .refused(error, count: 1)
            }
            try await publish(message, over: way.0, way.1, within: PublishOptions().deadline)
        }

        /// Publishes one message by a route that was found.
        func publish(
            _ message: Message, over route: PublishRoute, _ posting: Posting = Posting(), within limit: Duration
        ) async throws(PublishFailure) {
            try await publish([(message, posting)], over: route, within: limit)
        }

        /// Publishes messages by a route that was found, in their order.
        func publish(
            _ messages: [(Message, Posting)], over route: PublishRoute, within limit: Duration
        ) async throws(PublishFailure) {
            let call = PublishCall(messages.map(\.0))
            let end = time.deadline(after: limit)
            do throws(BrokerError) {
                try requireConnected(during: .publish)
                var writer = publisher.writer()
                for (message, posting) in messages {
                    if let problem = encode(message, posting, route, at: time.now, &writer) { throw problem }
                }
                let chunk = PublishChunk(call, messages.indices, over: route, &writer)
                try await publisher.add(chunk, until: end, on: time)
            } catch {
                call.giveUp(because: error)
            }
            switch await call.done.wait(until: end, on: time) {
            case .value: break
            case .timedOut:
                call.giveUp(
                    because: BrokerError(.timeout, "the server did not confirm within \(limit)", during: .publish))
            case .cancelled:
                call.giveUp(because: BrokerError(.cancelled, "the task that published was cancelled", during: .publish))
            }
            if !call.outcomes.isEmpty { throw PublishFailure(call.outcomes, of: messages.count) }
        }
    }
#endif
