import Messaging

/// Scenario 42: what a consumer keeps that receives no more, beside what the broker keeps.
struct StoppedConsumer {
    private static let windowBytes = 4 << 20
    private static let allowed = windowBytes + 32 << 20

    private let context: ScenarioContext
    private let peer: Peer
    private let place: Place
    private let count: Int
    private let body: Body

    static func costsItsWindow(_ context: ScenarioContext) async throws {
        let peer = try await context.peer()
        for (count, size) in [(100_000, 1 << 10), (200, 1 << 20)] {
            let size = min(size, peer.broker.limits.maximumBodyBytes)
            let isBounded = context.can(.bounded)
            let place = try await context.place(by: peer) { declaration in
                if isBounded {
                    declaration.maximumMessages = count + 1000
                    declaration.maximumBytes = 2 * count * (size + 1024)
                }
            }
            let body = Body([UInt8](repeating: 0x63, count: size))
            let stopped = StoppedConsumer(context: context, peer: peer, place: place, count: count, body: body)
            if context.kind != .pubSub { try await stopped.publishAll() }
            let what = "a consumer that stopped while \(count) messages of \(size) bytes wait"
            try await context.requireMemory(what, within: allowed) {
                context.kind == .pubSub ? try await stopped.costOfListening() : try await stopped.costOfConsuming()
            }
        }
    }

    /// One body for all: what the broker keeps of it in this process is kept once, and a client that reads ahead has
    /// bytes of its own. On pubSub the broker keeps nothing but what listeners have not taken: each has one of its own.
    private func publishAll() async throws {
        let batch = min(count, body.count > 64 << 10 ? 10 : 1000)
        for _ in stride(from: 0, to: count, by: batch) {
            let messages = (0..<batch).map { _ in
                Message(context.kind == .pubSub ? body.withBytes { Body(copying: $0) } : body)
            }
            try await peer.publish(messages, to: place)
        }
    }

    /// Subscribes to what waits, takes a little, and receives no more; then it goes on.
    private func costOfConsuming() async throws -> Int? {
        guard let before = ProcessUse.residentBytes() else { return nil }
        let member = try await peer.subscribe(place, window: 256) { $0.windowBytes = Self.windowBytes }
        let taken = try await member.take(2)
        let after = try await context.residentBytesLater()
        try await member.accept(taken)
        try await member.accept(try await member.take(1))
        try await member.cancel()
        return after.map { $0 - before }
    }

    /// Listens, takes a little, and receives no more while everything is published.
    private func costOfListening() async throws -> Int? {
        let member = try await peer.subscribe(place, window: 256) { $0.windowBytes = Self.windowBytes }
        try await peer.publish(Message(body), to: place)
        _ = try await member.take(1)
        guard let before = ProcessUse.residentBytes() else { return nil }
        try await publishAll()
        let after = try await context.residentBytesLater()
        _ = try await member.take(1)
        try await member.cancel()
        return after.map { $0 - before }
    }
}
