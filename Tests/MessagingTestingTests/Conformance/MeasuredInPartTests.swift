import InMemoryBroker
import Messaging
import MessagingTesting
import Testing

@Suite("What was not measured is said") struct MeasuredInPartTests {
    @Test(
        "where the harness can end and disturb nothing",
        arguments: [
            (4, .seam, ["a client's process that is killed"]),
            (6, .seam, ["a client's process that is killed", "a crash of the server"]),
            (8, .seam, ["a receipt of a connection that was cut", "a receipt of a server that was ended"]),
            (13, .seam, ["a client's process that is killed", "the attempt after a crash of the server"]),
            (14, .seam, ["a client's process that is killed"]), (16, .hub, ["a message that kills its processes"]),
            (19, .hub, ["a crash between a dead letter and its accept"]),
            (21, .hub, ["a client's process that is killed"]),
            (29, .seam, ["a publish to a server that is down"]), (60, .seam, ["a client's process that is killed"]),
            (76, .seam, ["a connect that is not answered"]),
            (101, .seam, ["a crash between a forward and its accept"]),
            (103, .seam, ["a consumer that falls silent"]),
        ] as [(Int, Scenario.Level, [String])])
    func withoutPowers(_ number: Int, _ level: Scenario.Level, _ parts: [String]) async throws {
        let scenario = try #require(Scenario.numbered(number, level))
        for kind in scenario.kinds {
            let result = await Line(scenario: scenario, kind: kind).run(against: PowerlessHarness())
            guard case .passed(let notes) = result else {
                Issue.record("\(result)")
                continue
            }
            for part in parts {
                #expect(notes.contains { $0.hasPrefix("not measured: \(part), the harness of ") }, "\(kind): \(notes)")
            }
        }
    }

    @Test func whereTheMemoryOfTheProcessDoesNotDecide() async {
        let scenario = Scenario(1, "It takes little.", .queue) { context in
            try await context.requireMemory("it", within: 1 << 20) { -(8 << 20) }
        }
        let expected =
            "not measured: memory, since in eight tries the rest of the process took some or gave some back"
        #expect(await notes(of: scenario) == [expected])
    }

    @Test func whereMoreIsLeftThanIsLookedAt() async {
        let scenario = Scenario(1, "It keeps much.", .queue) { context in
            let peer = try await context.peer()
            let place = try await context.place(by: peer)
            try await peer.publish(context.messages(2049), to: place)
        }
        let expected = "not measured: whether what is left is all there, since 2049 messages are left in 1 places"
        #expect(await notes(of: scenario) == [expected])
    }

    @Test func whereWhatIsLeftCannotBeRead() async {
        let scenario = Scenario(1, "It keeps something.", .queue) { context in
            let peer = try await context.peer()
            let place = try await context.place(by: peer)
            try await peer.publish(context.message(), to: place)
            try await context.harness.surroundings.permitReceiving?(false, place.destination)
        }
        let notes = await notes(of: scenario)
        #expect(notes.count == 1)
        #expect(notes.first?.hasPrefix("not measured: whether what is left is all there, since ") == true, "\(notes)")
        #expect(notes.first?.contains(" could not be read: unauthorized") == true, "\(notes)")
    }

    private func notes(of scenario: Scenario) async -> [String] {
        let result = await BrokerConformance(InMemoryHarness()).run(scenario, kind: .queue)
        if case .passed(let notes) = result { return notes }
        Issue.record("\(result)")
        return []
    }
}

/// A harness that makes brokers, and can do nothing else.
private struct PowerlessHarness: ConformanceHarness {
    private let memory = InMemoryServer(heartbeat: .milliseconds(200))
    let name = "no powers"
    let redeliveryTimeout = Duration.milliseconds(50)
    let heartbeat = Duration.milliseconds(200)

    func launch() async throws -> LaunchedBroker { LaunchedBroker(InMemoryBroker(memory)) }
}
