/// Writes what is done to a link into a history, as faults that last until it is restored.
struct RecordedLink: BrokerLink {
    let base: any BrokerLink
    let who: String
    let history: History

    func cut() async throws { try await disturb("is cut") { try await base.cut() } }

    func cutWhileSending() async throws {
        try await disturb("is to be cut while the client sends") { try await base.cutWhileSending() }
    }

    func cutWhileReceiving() async throws {
        try await disturb("is to be cut while the server sends") { try await base.cutWhileReceiving() }
    }

    func blackHole() async throws { try await disturb("is a black hole") { try await base.blackHole() } }

    func refuse() async throws { try await disturb("refuses connections") { try await base.refuse() } }

    func restore() async throws {
        try await base.restore()
        history.recovery("is whole", of: who)
    }

    private func disturb(_ what: String, _ work: () async throws -> Void) async throws {
        history.fault(what, of: who)
        try await work()
    }
}
