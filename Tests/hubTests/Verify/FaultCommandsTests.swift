import Foundation
import InMemoryBroker
import Messaging
import MessagingHub
import MessagingTesting
import Testing

@testable import hub

@Suite(.timeLimit(.minutes(2))) struct FaultCommandsTests {
    private func commands(_ texts: [FaultCommands.Action: String]) -> FaultCommands {
        FaultCommands(broker: "tasks", commands: texts)
    }

    @Test func aFileHasTheCommandsOfEachBroker() throws {
        let file = try HubProcess.file(
            "faults.yaml",
            lines: [
                "brokers:", "  tasks:", "    kill: docker kill -s KILL ${NAME}", "    stop: 'a, b'", "    start: c",
                "    freeze: d", "    thaw: e",
            ])
        var configuration = HubConfiguration.demo
        configuration.brokers["tasks"] = BrokerConfiguration("elsewhere")
        let faults = try FaultCommands.load(file, ["NAME": "rabbit"], for: configuration)
        #expect(faults.keys.map(\.name) == ["tasks"])
        #expect(faults["tasks"]?.commands[.kill] == "docker kill -s KILL rabbit")
        #expect(faults["tasks"]?.commands[.stop] == "a, b")
        #expect(faults["tasks"]?.commands.count == 5)
    }

    @Test func aCommandThatFailsIsSaidWithItsStatusAndItsFirstLine() async throws {
        let faults = commands([.kill: "echo no such container >&2; echo more >&2; exit 3", .start: "kill -9 $$"])
        let error = await #expect(throws: BrokerError.self) { try await faults.run(.kill) }
        let status =
            #"--with-faults: kill of tasks ended with status 3 and said "no such container"; try the command by hand"#
        #expect(error?.sentence == status)
        let killed = await #expect(throws: BrokerError.self) { try await faults.run(.start) }
        #expect(killed?.sentence.contains("ended with status -9 and said nothing") == true)
    }

    @Test func aCommandIsRunToItsEndAlsoWhenTheTaskIsCancelled() async throws {
        let file = try HubProcess.file("done", lines: [])
        let run = Task { await ShellCommand("sleep 0.2; echo done > \(file)").run(within: .seconds(60)) }
        run.cancel()
        #expect(await run.value == .ended(0, errors: ""))
        #expect(try String(contentsOfFile: file, encoding: .utf8) == "done\n")
    }

    @Test func oneThatTakesTooLongIsEndedAndWhatItLeavesInTheBackgroundIsNotWaitedFor() async {
        #expect(await ShellCommand("exec sleep 600").run(within: .milliseconds(200)) == .overdue)
        #expect(await ShellCommand("sleep 2 & exit 0").run(within: .seconds(60)) == .ended(0, errors: ""))
    }

    @Test func whatIsDoneToAConfiguredBrokersServerIsDoneByItsCommands() async throws {
        let file = try HubProcess.file("log", lines: [])
        let texts = FaultCommands.Action.allCases.map { ($0, "echo \($0) >> \(file)") }
        let faults = commands(Dictionary(uniqueKeysWithValues: texts))
        let harness = ConfiguredHarness("tasks", OptionValues(), .inMemory(InMemoryServer()), faults: faults)
        let scenario = Scenario(
            1, "It comes back.", why: "Nothing would survive.", .queue, needs: [.crash]
        ) { context in
            let place = try await context.place(by: try await context.peer())
            try await context.crash()
            try await context.restart()
            try await context.freeze()
            try await context.thaw()
            try await context.stop()
            try await context.restart()
            try await context.peer().publish(context.message(), to: place)
        }
        guard case .passed = await BrokerConformance(harness).run(scenario, kind: .queue) else {
            Issue.record("the scenario did not pass")
            return
        }
        #expect(try String(contentsOfFile: file, encoding: .utf8) == "\nkill\nstart\nfreeze\nthaw\nstop\nstart\n")
    }

    @Test func itsBrokersMeetAtOneServer() async throws {
        let harness = ConfiguredHarness("tasks", OptionValues(), .inMemory(InMemoryServer()))
        let result = await BrokerConformance(harness).run(try #require(Scenario.numbered(45)), kind: .queue)
        guard case .passed = result else {
            Issue.record("\(result)")
            return
        }
        #expect(harness.server == nil)
        #expect(harness.name == "tasks")
    }
}
