import Messaging

/// One publish at the inner end of the middlewares: remembers what became of each message, so that nothing confirmed is
/// sent again, and nothing that may have arrived is called refused.
final class PublishProgress: Sendable {
    typealias Outcomes = [Int: PublishFailure.Outcome]

    private enum State: Sendable {
        case notBegun
        case running(Outcomes)
        case failed(Outcomes)
        case confirmed
        case over
    }

    private let send: @Sendable ([Message]) async throws(PublishFailure) -> PublishReceipt
    private let publisher: Publisher
    private let count: Int
    private let place: String
    private let state = Lock(State.notBegun)

    /// A publish by way of this publisher, of so many messages, each try made by `send`. `place`: whose middlewares these
    /// are, in words.
    init(
        _ publisher: Publisher, count: Int, at place: String,
        send: @escaping @Sendable ([Message]) async throws(PublishFailure) -> PublishReceipt
    ) {
        self.send = send
        self.publisher = publisher
        self.count = count
        self.place = place
    }

    /// Publishes what has not been confirmed; what may have arrived, only where the route accepts duplicates, and has
    /// no second broker that might get it.
    func publish(_ messages: [Message]) async throws -> Published {
        if messages.count != count {
            throw refusal("made \(messages.count) messages of \(count); it may change each, not how many there are")
        }
        let (before, indices) = try begin()
        do throws(PublishFailure) {
            let again = indices.map { messages[$0].withoutAttempt }
            let receipt = again.isEmpty ? PublishReceipt() : try await send(again)
            let left = before.filter { !indices.contains($0.key) }
            if !left.isEmpty { throw PublishFailure(left, of: count) }
            come(to: .confirmed)
            return Published(receipt: indices.count == count ? receipt : PublishReceipt(), progress: self)
        } catch {
            let failure = merged(error, of: indices, before)
            come(to: .failed(failure.outcomes))
            throw failure
        }
    }

    /// What became of the messages so far, and the indices of those to send now.
    private func begin() throws -> (before: Outcomes, indices: [Int]) {
        let (state, indices) = state.withLock { state -> (State, [Int]) in
            let was = state
            switch state {
            case .notBegun:
                state = .running([:])
                return (was, Array(0..<count))
            case .failed(let outcomes):
                state = .running(outcomes)
                return (was, outcomes.filter { isRepeated($0.value) }.keys.sorted())
            case .running, .confirmed, .over: return (was, [])
            }
        }
        switch state {
        case .notBegun: return ([:], indices)
        case .failed(let outcomes): return (outcomes, indices)
        case .running: throw refusal("called next while it published")
        case .confirmed: throw refusal("called next again though everything was confirmed; nothing was sent again")
        case .over: throw refusal("called next after its publish")
        }
    }

    /// A try has ended; once the publish is over that changes nothing any more.
    private func come(to end: State) {
        state.withLock { if case .running = $0 { $0 = end } }
    }

    private func isRepeated(_ outcome: PublishFailure.Outcome) -> Bool {
        switch outcome {
        case .refused: true
        case .unknown: publisher.repeatsTheUnknown
        }
    }

    /// What a try has come to, by the indices of the whole call: whatever may have arrived once stays so.
    private func merged(_ failure: PublishFailure, of indices: [Int], _ before: Outcomes) -> PublishFailure {
        if failure.count == count, indices.count != count { return failure }
        var outcomes = before.filter { !indices.contains($0.key) }
        for (position, outcome) in failure.outcomes where indices.indices ~= position {
            let index = indices[position]
            let mayHaveArrived = before[index]?.isUnknown == true
            outcomes[index] = mayHaveArrived ? .unknown(outcome.error) : outcome
        }
        return PublishFailure(outcomes, of: count)
    }

    // MARK: The outer end

    /// The receipt of this publish. Throws where this result is not of it: nothing is called confirmed that is not.
    func receipt(of published: Published) throws(PublishFailure) -> PublishReceipt {
        let state = end()
        if published.progress === self { return published.receipt }
        if case .failed(let outcomes) = state { throw PublishFailure(outcomes, of: count) }
        publisher.counters.publishFailed.add(count)
        let error = refusal("returned without a result of next of this publish, so nothing was published")
        throw PublishFailure.refused(error, count: count)
    }

    /// What the caller gets where the middlewares threw this: as it is while nothing can have arrived, else the truth of
    /// that.
    func failure(for error: any Error) -> any Error {
        switch end() {
        case .notBegun, .over:
            publisher.counters.publishFailed.add(count)
            return error
        case .failed(let outcomes):
            let isRefused = outcomes.count == count && !outcomes.values.contains { $0.isUnknown }
            return isRefused ? error : PublishFailure(outcomes, of: count)
        case .running, .confirmed:
            let sentence = "published, and then a middleware failed: \(error); \(place)"
            let told = BrokerError(.invalidArgument, sentence, during: .publish)
            return PublishFailure(Outcomes(uniqueKeysWithValues: (0..<count).map { ($0, .unknown(told)) }), of: count)
        }
    }

    private func end() -> State {
        state.withLock { state in
            defer { state = .over }
            return state
        }
    }

    private func refusal(_ what: String) -> BrokerError {
        BrokerError(.invalidArgument, "a middleware \(what); \(place)", during: .publish)
    }
}
