import Messaging

/// Scenario 78: processes that come, work and go.
struct OpenCloseCycles {
    private static let count = 200
    /// What one cycle in four leaves behind is seen; less may be somebody else's.
    private static let tolerated = count / 4
    private static let allowedBytes = 32 << 20
    /// So large that 200 of them are over what is allowed: a message that somebody keeps is seen as well. A stream keeps
    /// what was accepted.
    private static let bodyBytes = 256 << 10

    private let context: ScenarioContext
    private let place: Place
    private let descriptors = ProcessUse.descriptors()
    private let threads = ProcessUse.threads()
    private let inventory: [String: Int]?

    static func leaveNothing(_ context: ScenarioContext) async throws {
        let owner = try await context.peer()
        let place = try await context.place(by: owner)
        for number in 0..<10 { try await cycle(context, place, "warm-up \(number)") }
        let inventory = try await context.inventory(for: "connections, queues and groups")
        let cycles = OpenCloseCycles(context: context, place: place, inventory: inventory)
        if cycles.descriptors == nil {
            context.notMeasured("threads and descriptors", because: "this system does not tell what a process has open")
        }
        var round = 0
        try await context.requireMemory("200 open/close cycles", within: allowedBytes) {
            let before = ProcessUse.residentBytes()
            round += 1
            // A process that has closed never comes again, also where the measure is repeated.
            for number in 0..<count { try await cycle(context, place, "cycle \(round).\(number)") }
            try await cycles.requireNothingLeft()
            guard let before, let after = ProcessUse.residentBytes() else { return nil }
            return after - before
        }
    }

    private init(context: ScenarioContext, place: Place, inventory: [String: Int]?) {
        self.context = context
        self.place = place
        self.inventory = inventory
    }

    /// One process opens, publishes, receives, settles and closes, and nobody remembers it.
    private static func cycle(_ context: ScenarioContext, _ place: Place, _ name: String) async throws {
        let peer = try await context.passingPeer(name)
        try await peer.connect()
        let member = try await peer.subscribe(place)
        let size = context.kind == .stream ? 1 : min(bodyBytes, peer.broker.limits.maximumBodyBytes)
        let message = context.message(name, body: Body([UInt8](repeating: 0x63, count: size)))
        try await peer.publish(message, to: place)
        let deliveries = try await member.take(1)
        try context.requireExactly(deliveries, [message.id], "one of 200 open/close cycles")
        try await member.accept(deliveries)
        await peer.close()
    }

    /// A server may notice late that somebody has left.
    private func requireNothingLeft() async throws {
        let end = context.time.uptime + context.patience
        while let left = try await leftBehind() {
            guard context.time.uptime < end else {
                throw ScenarioFailure("\(Self.count) open/close cycles left \(left) behind")
            }
            try await context.time.sleep(for: .milliseconds(50))
        }
    }

    private func leftBehind() async throws -> String? {
        if let descriptors, let now = ProcessUse.descriptors() {
            let new = now.subtracting(descriptors).count
            if new >= Self.tolerated { return "\(new) descriptors" }
        }
        if let threads, let now = ProcessUse.threads() {
            let new = now.subtracting(threads).count
            if new >= Self.tolerated { return "\(new) threads" }
        }
        guard let inventory else { return nil }
        return try await context.gained(Self.tolerated, since: inventory)
    }
}
