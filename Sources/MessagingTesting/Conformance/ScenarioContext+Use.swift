import Messaging

extension ScenarioContext {
    /// Says in the result what the scenario could not measure here.
    package func notMeasured(_ what: String, because reason: String) { remark("not measured: \(what), \(reason)") }

    /// Says in the result what the scenario could not measure here, because the harness has not got something.
    package func notMeasured(_ what: String, without need: Scenario.Need) {
        notMeasured(what, because: harness.lack(of: need))
    }

    /// Whether the server can be ended; where not, that is said of what it would be ended for.
    package func canCrash(for what: String) -> Bool {
        if harness.server == nil { notMeasured(what, without: .crash) }
        return harness.server != nil
    }

    /// What the server has, by name; nil where the harness cannot count it, which is then remarked about `what`.
    package func inventory(for what: String) async throws -> [String: Int]? {
        guard let inventory = harness.surroundings.inventory else {
            notMeasured(what, because: "the harness of \(harness.name) does not count what its server has")
            return nil
        }
        return try await time.bounded("counting what the server has", within: patience, inventory)
    }

    /// What the server has so many more of than before, such as `25 connections`; nil: of nothing, or nobody counts it.
    package func gained(_ count: Int, since before: [String: Int]) async throws -> String? {
        guard let now = try await inventory(for: "what the server has") else { return nil }
        for (name, number) in now.sorted(by: { $0.key < $1.key }) {
            let new = number - (before[name] ?? 0)
            if new >= count { return "\(new) \(name)" }
        }
        return nil
    }

    /// Fails when the server keeps so many more of anything than before. It may notice late that somebody has left, and
    /// less may be somebody else's.
    package func requireGained(lessThan count: Int, since before: [String: Int], by what: String) async throws {
        let end = time.uptime + patience
        while let left = try await gained(count, since: before) {
            try require(time.uptime < end, "\(what) left \(left) behind")
            try await time.sleep(for: .milliseconds(50))
        }
    }

    /// Fails when what is measured, in bytes, is over `limit` in three tries before it is within it in two. The rest of the
    /// process takes memory as well, and gives it back: a try in which it got smaller says nothing, and where eight tries do
    /// not decide, it was not measured. A measure of nil: the system does not tell.
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
        if within < 2 {
            notMeasured("memory", because: "since in eight tries the rest of the process took some or gave some back")
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
