import Messaging

/// Scenario 97: after each step of a history, what the broker says of a destination.
struct DepthRun {
    private let context: ScenarioContext
    private let peer: Peer
    private let place: Place
    private let topology: any TopologyAdministration

    static func agrees(_ context: ScenarioContext) async throws {
        let peer = try await context.peer()
        let unread = context.group()
        let place = try await context.place(by: peer, delays: .seconds(3600)) { declaration in
            if context.kind == .stream { declaration.groups[unread] = .init() }
        }
        guard let topology = peer.broker.topology else {
            throw ScenarioFailure("the broker has no power to look at its topology, so its depth cannot be asked")
        }
        let run = DepthRun(context: context, peer: peer, place: place, topology: topology)
        try await run.requireDepth(0, 0, 0, "before anything was published")
        let moments = try await run.publish()
        try await run.requireDepth(6, 0, 0, "after 6 were published")
        let oldest = try await run.oldest(of: "6 that wait")
        try await run.holdAndSettle(oldest, moments)
        if context.kind == .stream {
            let other = DepthRun(context: context, peer: peer, place: place.with(group: unread), topology: topology)
            try await other.requireDepth(6, 0, 0, "of a group that has read nothing")
        }
    }

    /// A time between these two.
    private typealias Moment = (begin: Timestamp, end: Timestamp)

    /// One message, and 30 milliseconds later five.
    private func publish() async throws -> [Moment] {
        var moments: [Moment] = []
        for count in [1, 5] {
            let begin = context.time.now
            try await peer.publish(context.messages(count), to: place)
            moments.append((begin, context.time.now))
            try await context.time.sleep(for: .milliseconds(30))
        }
        return moments
    }

    /// What a stopped consumer holds, and no more, is held: none has been sent ahead to it.
    private func holdAndSettle(_ oldest: Timestamp?, _ moments: [Moment]) async throws {
        let member = try await peer.subscribe(place, window: 3)
        let held = try await member.take(3)
        try await requireDepth(3, 3, 1, "while 3 are held")
        try await member.stop()
        try await member.accept([held[0]])
        try await requireDepth(3, 2, nil, "after one of three was accepted")
        try requireOldest(oldest, then: try await self.oldest(of: "5 that came later"), moments)
        try await member.settled(held[1], .release)
        try await requireDepth(4, 1, nil, "after one was released")
        if context.can(.retry) {
            try await member.settled(held[2], .retry(after: .seconds(3600), failure: nil))
            try await requireDepth(5, 0, nil, "after one was retried in an hour", delayed: 1)
        } else {
            try await member.settled(held[2], .release)
        }
        try await member.cancel()
        let others = [try await peer.subscribe(place, window: 1), try await context.peer().subscribe(place, window: 1)]
        let (first, second) = (try await others[0].take(1), try await others[1].take(1))
        let late = context.can(.retry) ? 1 : 0
        try await requireDepth(3, 2, 2, "while two consumers hold one each", delayed: late)
        try await others[0].settled(first[0], .discard(reason: "it is not wanted"))
        try await others[0].cancel()
        try await others[1].accept(second)
        try await others[1].cancel()
        try await requireDepth(3, 0, 0, "after one was discarded and one accepted", delayed: late)
        try await emptied(but: late)
    }

    private func emptied(but late: Int) async throws {
        let last = try await peer.subscribe(place)
        try await last.accept(try await last.take(3 - late))
        try await last.cancel()
        try await requireDepth(late, 0, 0, "when all but what waits for its hour was accepted", delayed: late)
    }

    /// Asks until the answer is this, for as long as the patience lasts. Of what waits so many are delayed, and may be left
    /// out where they cannot be counted; so may what is held, but a number that is given is right.
    private func requireDepth(
        _ waiting: Int, _ held: Int, _ consumers: Int?, _ when: String, delayed: Int = 0
    ) async throws {
        let least = context.can(.delayCount) ? waiting : waiting - delayed
        let end = context.time.uptime + context.patience
        while true {
            let depth = try await depth()
            let isHeld = depth.held.map { $0 == held } ?? !context.can(.heldCount)
            let isWaiting = depth.waiting == waiting || depth.waiting == least
            if isWaiting, isHeld, depth.consumers == consumers ?? depth.consumers { return }
            let (is_, due) = (
                "\(depth.waiting) waiting, \(depth.held.map(String.init) ?? "nobody knows how many") held, "
                    + "\(depth.consumers) consumers",
                "\(waiting), \(held) and \(consumers.map(String.init) ?? "any")"
            )
            try context.require(context.time.uptime < end, "depth \(when) is \(is_), not \(due)")
            try await context.time.sleep(for: .milliseconds(10))
        }
    }

    /// When the oldest that waits arrived, by the broker's clock; nil where it does not say so.
    private func oldest(of what: String) async throws -> Timestamp? {
        guard context.can(.oldestAge) else { return nil }
        guard let oldest = try await depth().oldest else {
            throw ScenarioFailure("it is not said when the oldest of \(what) arrived")
        }
        return oldest
    }

    /// The broker's clock may be another than this machine's, but not go at another pace.
    private func requireOldest(_ first: Timestamp?, then second: Timestamp?, _ moments: [Moment]) throws {
        guard let first, let second, moments.count == 2 else { return }
        let between = second - first
        let least = moments[1].begin - moments[0].end - .milliseconds(2)
        let most = moments[1].end - moments[0].begin + .milliseconds(2)
        try context.require(
            between >= least && between <= most,
            "the oldest is said to be \(between.inMilliseconds) younger now, not \(least.inMilliseconds) to "
                + most.inMilliseconds)
        let skew = first - moments[0].begin
        try context.require(
            skew > .seconds(-60) && skew < .seconds(60),
            "the oldest of 6 is said to be of \(first), but was published at \(moments[0].begin)")
    }

    private func depth() async throws -> DestinationDepth {
        let (topology, place) = (topology, place)
        return try await context.time.bounded("depth of \(place)", within: context.patience) {
            try await topology.depth(of: place.destination, group: place.group)
        }
    }
}
