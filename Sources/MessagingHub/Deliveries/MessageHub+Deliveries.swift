public import Messaging

extension MessageHub {
    /// Receives the deliveries of a topic as a sequence, while `body` runs; each is settled by its own `handle`.
    ///
    /// Up to `concurrency` are handed out at once, so it is to be raised where `body` handles several beside each other. What
    /// was not handled when `body` returns, throws or is cancelled is given back, and comes again with the same attempt where
    /// the broker can tell. Returns when all of that is written. Throws what `body` throws, and what `subscribe` does.
    ///
    /// The sequence ends when the hub shuts down, and with `until: .end` once everything is settled that was there at the
    /// beginning, also what others of its group hold. It throws the error that its subscription ended with, and
    /// `CancellationError` when the task is cancelled.
    public func deliveries<Result: Sendable>(
        of topic: Topic, group: GroupName? = nil, concurrency: Int = 1, until: Subscription.Until? = nil,
        _ body: (Deliveries) async throws -> Result
    ) async throws -> Result {
        let handover = DeliveryHandover(counters: publishers.counters, time: environment.time)
        let subscription = try await subscribe(
            .topic(topic), group, concurrency, .plain { try await handover.run($0) }, handover: handover,
            until: until)
        let result = await withTaskGroup(of: Void.self) { group -> Swift.Result<Result, any Error> in
            group.addTask { [time = environment.time] in
                guard await subscription.over.wait(on: time) else { return }
                if case .ended(let error) = subscription.state { handover.close(error) }
            }
            let result: Swift.Result<Result, any Error>
            do { result = .success(try await body(Deliveries(handover))) } catch { result = .failure(error) }
            handover.close(nil)
            await subscription.cancel()
            group.cancelAll()
            return result
        }
        return try result.get()
    }
}
