import Messaging

/// Scenario 101: thirty messages are forwarded one after the other while somebody reads the target, and the server is
/// killed in the middle.
struct ForwardingRun {
    /// When the server is killed.
    private enum Moment {
        /// So long after the first forward was begun.
        case after(Duration)
        /// When the reader has seen so many copies.
        case seeing(Int)
    }

    private let context: ScenarioContext
    private let member: Member
    private let target: Place
    private let deliveries: [Delivery]
    private let copies: [Message]
    /// The copies that the reader of the target was handed.
    private let seen: Observed<Set<MessageID>>

    static func losesNothing(_ context: ScenarioContext) async throws {
        var generator = SeededGenerator(seed: context.seed)
        for round in 0..<(context.canCrash(for: "a crash between a forward and its accept") ? 8 : 1) {
            let delay = Duration.microseconds(Int.random(in: 0...4000, using: &generator))
            let count = Int.random(in: 1...20, using: &generator)
            let peer = try await context.peer()
            let (place, target) = (try await context.place(by: peer), try await context.place(by: peer))
            try await peer.publish(context.messages(30), to: place)
            let member = try await peer.subscribe(place)
            let deliveries = try await member.take(30)
            let run = ForwardingRun(
                context: context, member: member, target: target, deliveries: deliveries,
                copies: deliveries.map { context.message("copy of \(context.history.name(of: $0.message.id))") },
                seen: Observed([], on: context.time))
            let reader = try await peer.subscribe(target)
            let settled = try await run.forwards(
                readBy: reader, killedAt: round % 2 == 0 ? .seeing(count) : .after(delay))
            try await member.cancel()
            try await reader.cancel()
            try await run.requireNothingLost(from: place, settled)
        }
    }

    /// Forwards until all are done, or the server was killed; those that were answered as settled.
    private func forwards(readBy reader: Member, killedAt moment: Moment) async throws -> Set<MessageID> {
        let (run, isDone) = (self, Observed(false, on: context.time))
        let forwarding = context.meanwhile("forwarding") { try await run.forwardAll() }
        let reading = context.meanwhile("reading the copies", within: context.patience * 5) {
            while !isDone.value {
                let some = try await reader.receive(upTo: 8, within: .milliseconds(10)).map(\.message.id)
                run.seen.change { $0.formUnion(some) }
            }
        }
        if context.harness.server != nil {
            switch moment {
            case .after(let delay): try await context.time.sleep(for: delay)
            case .seeing(let count): _ = await seen.first(within: context.patience) { $0.count >= count }
            }
            try await context.crash()
        }
        let settled = try await forwarding.value()
        isDone.change { $0 = true }
        try await reading.value()
        if context.harness.server != nil { try await context.restart() }
        return settled
    }

    private func forwardAll() async throws -> Set<MessageID> {
        var settled: Set<MessageID> = []
        for (delivery, copy) in zip(deliveries, copies) {
            let outgoing = [Outgoing(copy, to: target.destination)]
            if try await member.settle(delivery, .forward(outgoing)) == .settled { settled.insert(delivery.message.id) }
        }
        return settled
    }

    private func requireNothingLost(from place: Place, _ settled: Set<MessageID>) async throws {
        let back = Set(
            try await context.nothingComesBack(
                from: place, but: deliveries.map(\.message.id), because: "it was never published"
            ).map(\.message.id))
        let arrived = try await context.nothingComesBack(
            from: target, but: copies.map(\.id), because: "it was never forwarded")
        let there = Set(arrived.map(\.message.id))
        let isAtomic = context.can(.atomicForward) && context.peerLimits?.settleLag == .zero
        for (delivery, copy) in zip(deliveries, copies) {
            let (id, about) = (delivery.message.id, [delivery.message.id, copy.id])
            let (isBack, isThere) = (back.contains(id), there.contains(copy.id))
            try context.require(isBack || isThere, "neither the original nor its copy is left: lost", about: about)
            if isAtomic, isBack {
                try context.require(
                    !isThere, "both the original and its copy are there, though forward is said to be atomic",
                    about: about)
                try context.require(
                    !seen.value.contains(copy.id),
                    "a copy was seen of an original that was still held, though forward is said to be atomic",
                    about: about)
            }
            if settled.contains(id) {
                try context.require(isThere, "forward was answered settled, but the copy is not there", about: about)
            }
        }
    }
}
