import Messaging

extension ScenarioContext {
    /// Says in the result what the scenario could not measure here.
    package func notMeasured(_ what: String, because reason: String) { remark("not measured: \(what), \(reason)") }

    /// What the server has, by name; nil where the harness cannot count it, which is then remarked about `what`.
    package func inventory(for what: String) async throws -> [String: Int]? {
        guard let inventory = harness.surroundings.inventory else {
            notMeasured(what, because: "the harness of \(harness.name) does not count what its server has")
            return nil
        }
        return try await time.bounded("counting what the server has", within: patience, inventory)
    }

    /// Fails when what is measured, in bytes, is over `limit` in three tries before it is within it in two. The rest of the
    /// process takes memory as well, and gives it back: a try in which it got smaller says nothing, and nothing is said
    /// where eight tries do not decide. A measure of nil: the system does not tell.
    package func requireMemory(_ what: String, within limit: Int, _ measure: () async throws -> Int?) async throws {
        var (over, within) = ([Int](), 0)
        for _ in 0..<8 where within < 2 {
            guard let bytes = try await measure() else {
                return notMeasured("memory", because: "this system does not tell what a process has in memory")
            }
            if bytes > limit { over.append(bytes >> 20) } else if bytes > -(4 << 20) { within += 1 }
            let tries = over.map { "\($0)" }.joined(separator: " and ")
            try require(over.count < 3, "\(what) took \(tries) MiB more memory; \(limit >> 20) MiB are allowed")
        }
    }

    /// What this process has in memory after one redelivery time-out, in which whoever reads ahead has done so.
    package func residentBytesLater() async throws -> Int? {
        try await time.sleep(for: harness.redeliveryTimeout)
        return ProcessUse.residentBytes()
    }

    /// A new process that the run forgets as soon as the caller does.
    package func passingPeer(_ name: String) async throws -> Peer {
        let harness = harness
        let process = try await time.bounded("launching a process", within: patience) { try await harness.launch() }
        return Peer(process, name: name, context: self)
    }
}
