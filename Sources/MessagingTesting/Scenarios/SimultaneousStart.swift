import Messaging

/// Scenario 52: twenty processes connect, declare, subscribe and publish at the same moment.
struct SimultaneousStart {
    private static let count = 20

    private let context: ScenarioContext
    private let place: Place
    /// The groups of a stream, which the processes take in turn.
    private let groups: [GroupName]

    /// At first in step: all declare before one publishes. Then some are further than others, and what they have
    /// published is to be where one that comes later finds it.
    static func agrees(_ context: ScenarioContext) async throws {
        try await agree(context, startingAfter: (0..<count).map { _ in .zero })
        if context.kind == .pubSub { return }
        var generator = SeededGenerator(seed: context.seed)
        for _ in 0..<2 {
            let delays = (0..<count).map { _ in Duration.microseconds(Int.random(in: 0...2000, using: &generator)) }
            try await agree(context, startingAfter: delays)
        }
    }

    private static func agree(_ context: ScenarioContext, startingAfter delays: [Duration]) async throws {
        let place = context.nowhere()
        let groups = place.group.map { [$0, context.group()] } ?? []
        let run = SimultaneousStart(context: context, place: place, groups: groups)
        var peers: [Peer] = []
        for _ in 0..<count { peers.append(try await context.process()) }
        let isOpen = Observed(false, on: context.time)
        let messages = context.messages(count)
        let starting = peers.enumerated().map { number, peer in
            context.meanwhile("the start of process \(number + 1)", within: context.patience * 4) {
                _ = await isOpen.first(within: context.patience) { $0 }
                if delays[number] > .zero { try await context.time.sleep(for: delays[number]) }
                return try await run.start(number, peer, messages[number])
            }
        }
        isOpen.change { $0 = true }
        var members: [Member] = []
        for (number, start) in starting.enumerated() {
            do { members.append(try await start.value()) } catch {
                throw ScenarioFailure("process \(number + 1) of 20 that started at once was told: \(error)")
            }
        }
        if context.kind == .pubSub {
            for (peer, message) in zip(peers, messages) { try await peer.publish(message, to: place) }
        }
        if delays.allSatisfy({ $0 == .zero }) {
            try await run.requireOneTopology(members, messages.map(\.id))
        } else {
            for member in members { try await member.cancel() }
            try await run.requireFoundLater(messages.map(\.id))
        }
    }

    /// What a process does when it starts. On pubSub it publishes only when all listen.
    private func start(_ number: Int, _ peer: Peer, _ message: Message) async throws -> Member {
        try await peer.connect()
        try await context.declare(place, by: peer) { declaration in
            if context.can(.bounded) { declaration.maximumMessages = 1000 }
            for group in groups { declaration.groups[group] = .init() }
        }
        let mine = groups.isEmpty ? place : place.with(group: groups[number % groups.count])
        let member = try await peer.subscribe(mine)
        if context.kind != .pubSub { try await peer.publish(message, to: place) }
        return member
    }

    /// Everything is in one place: each message comes once to the queue, to each group, to each subscriber.
    private func requireOneTopology(_ members: [Member], _ ids: [MessageID]) async throws {
        let sharing: [[Member]]
        switch context.kind {
        case .queue: sharing = [members]
        case .stream: sharing = groups.map { group in members.filter { $0.place.group == group } }
        case .pubSub: sharing = members.map { [$0] }
        }
        for members in sharing {
            let received = try await takeAll(ids.count, by: members)
            try context.requireExactly(received, ids, "what \(members.count) of 20 processes share")
        }
    }

    private func requireFoundLater(_ ids: [MessageID]) async throws {
        let latecomer = try await context.peer()
        for place in groups.isEmpty ? [place] : groups.map({ place.with(group: $0) }) {
            let member = try await latecomer.subscribe(place)
            let found = try await member.take(ids.count)
            try context.requireExactly(found, ids, "what 20 processes published to \(place)")
            try await member.accept(found)
        }
    }

    private func takeAll(_ count: Int, by members: [Member]) async throws -> [Delivery] {
        let left = Observed(count, on: context.time)
        let (time, patience) = (context.time, context.patience)
        return try await withThrowingTaskGroup(of: [Delivery].self) { group in
            for member in members {
                group.addTask {
                    var taken: [Delivery] = []
                    var end = time.uptime + patience
                    while left.value > 0, time.uptime < end {
                        let some = try await member.receive(upTo: 10, within: .milliseconds(50))
                        try await member.accept(some)
                        if !some.isEmpty { end = time.uptime + patience }
                        left.change { $0 -= some.count }
                        taken += some
                    }
                    return taken + (try await member.receive(upTo: 10, within: .milliseconds(20)))
                }
            }
            return try await group.reduce(into: []) { $0 += $1 }
        }
    }
}
