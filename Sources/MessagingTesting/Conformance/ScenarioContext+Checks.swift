package import Messaging

extension ScenarioContext {
    /// Fails if anything comes out of a place but what is allowed.
    ///
    /// A new connection publishes a marker and must receive it, then watches one redelivery time-out longer: a lost
    /// settlement may come back ahead of the marker, behind it, or late. What came and was allowed is given back.
    @discardableResult package func nothingComesBack(
        from place: Place, but allowed: [MessageID] = [], because reason: String
    ) async throws -> [Delivery] {
        let peer = try await peer()
        let member = try await peer.subscribe(place, window: 1024)
        let seen = try await watch(member, publishingBy: peer, but: allowed, because: reason)
        try await member.cancel()
        await peer.close()
        return seen
    }

    /// The same on a consumer that exists. What came and was allowed stays held; the marker is accepted.
    @discardableResult package func watch(
        _ member: Member, publishingBy peer: Peer, but allowed: [MessageID] = [], because reason: String
    ) async throws -> [Delivery] {
        let marker = message("marker")
        try await peer.publish(marker, to: member.place)
        var seen: [Delivery] = []
        var end = time.uptime + patience
        var isMarked = false
        while time.uptime < end {
            for delivery in try await member.receive(upTo: 256, within: end - time.uptime) {
                let id = delivery.message.id
                if id == marker.id {
                    isMarked = true
                    end = time.uptime + harness.redeliveryTimeout
                    try await member.settled(delivery, .accept)
                } else if allowed.contains(id) {
                    seen.append(delivery)
                } else {
                    throw ScenarioFailure(
                        "\(history.name(of: id)) came from \(place(of: member)): \(reason)", about: [id])
                }
            }
        }
        try require(isMarked, "a marker published to \(place(of: member)) did not arrive", about: [marker.id])
        return seen
    }

    private func place(of member: Member) -> String { member.place.description }

    /// Fails unless these deliveries are exactly these messages, each once.
    package func requireExactly(_ deliveries: [Delivery], _ ids: [MessageID], _ what: String) throws {
        var counts: [MessageID: Int] = [:]
        for delivery in deliveries { counts[delivery.message.id, default: 0] += 1 }
        let missing = ids.filter { counts[$0] == nil }
        let twice = counts.filter { $0.value > 1 }.map(\.key)
        let strange = Set(counts.keys).subtracting(ids)
        try require(missing.isEmpty, "\(what): \(names(missing)) is missing", about: missing)
        try require(strange.isEmpty, "\(what): \(names(strange)) should not be there", about: Array(strange))
        try require(twice.isEmpty, "\(what): \(names(twice)) came more than once", about: twice)
    }

    /// Fails unless the outcome is a refusal with this code.
    package func requireRefused(
        _ outcome: PublishFailure.Outcome?, _ code: BrokerError.Code, _ message: Message, _ what: String
    ) throws {
        guard case .refused(let error) = outcome, error.code == code else {
            let answer = outcome.map { "\($0)" } ?? "confirmed"
            throw ScenarioFailure("\(what) was answered \(answer), not refused(\(code))", about: [message.id])
        }
    }

    /// Fails unless a measure is at most `limit` in two of three tries. A late try during which the machine itself was
    /// late by half of that does not count, unless twelve tries did not decide: then what it was late is taken off.
    package func requirePrompt(
        _ what: String, within limit: Duration, _ measure: () async throws -> Duration
    ) async throws {
        var (late, prompt, excused) = ([Duration](), 0, 0)
        for _ in 0..<12 where prompt < 2 && late.count < 2 {
            let (measured, waits) = try await measuringTheMachine(measure)
            let lateness = waits.total
            if measured <= limit {
                prompt += 1
            } else if lateness <= limit / 2 {
                late.append(measured)
            } else if measured - lateness <= limit {
                excused += 1
            }
        }
        let tries = late.map(\.inMilliseconds).joined(separator: ", ")
        try require(
            late.count < 2 && prompt + excused >= 2,
            "\(what) took over \(limit.optionText) in two of three tries\(tries.isEmpty ? "" : ": \(tries)")")
    }

    /// What work gives, and how late the machine itself was meanwhile.
    package func measuringTheMachine<Value>(
        _ work: () async throws -> Value
    ) async throws -> (Value, lateness: LateWaits) {
        let isDone = Observed(false, on: time)
        let measuring = meanwhile("measuring the machine", within: patience * 5) { [time] in
            await MachineLateness(on: time).until(isDone)
        }
        defer { isDone.change { $0 = true } }
        let value = try await work()
        isDone.change { $0 = true }
        return (value, try await measuring.value())
    }

    /// A delay that the broker can tell from none.
    package func delay(_ milliseconds: Int) -> Duration {
        let granularity = peerLimits?.delayGranularity ?? .milliseconds(1)
        return max(.milliseconds(milliseconds), granularity)
    }

    /// Does something at the same time as the rest, and gives its result or error when asked.
    package func meanwhile<Value: Sendable>(
        _ what: String, within limit: Duration? = nil, _ work: @escaping @Sendable () async throws -> Value
    ) -> Meanwhile<Value> {
        Meanwhile(what, time: time, limit: limit ?? patience * 2, work)
    }
}

extension Duration {
    /// Rounded to milliseconds, for sentences.
    package var inMilliseconds: String { Duration.milliseconds(nanoseconds / 1_000_000).optionText }
}

/// Work beside the scenario's own, owned by it: cancelled when it is let go of.
package final class Meanwhile<Value: Sendable>: Sendable {
    private let task: Task<Value, any Error>
    private let what: String
    private let time: any TimeSource
    private let limit: Duration

    init(
        _ what: String, time: any TimeSource, limit: Duration, _ work: @escaping @Sendable () async throws -> Value
    ) {
        self.what = what
        self.time = time
        self.limit = limit
        task = Task { try await work() }
    }

    deinit { task.cancel() }

    package func cancel() { task.cancel() }

    /// Its result, or the error that it threw; a hang is named.
    package func value() async throws -> Value {
        let task = task
        return try await time.bounded(what, within: limit) { try await task.value }
    }
}
