import Foundation
import InMemoryBroker
import Messaging
import MessagingReliability
import MessagingTesting
import Testing

@testable import MessagingHub

@Suite(.timeLimit(.minutes(5))) struct HubStatusTests {
    private static func runtime() -> [String: String] {
        let path = FileManager.default.temporaryDirectory.appending(path: "hub-status-\(UUID().uuidString)").path
        try? FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        return ["XDG_RUNTIME_DIR": path]
    }

    private static func status(
        _ pid: Int32, _ ticks: UInt64?, number: Int = 1, in space: ProcessSpace = .own
    ) -> HubStatus {
        HubStatus(
            pid: pid, boot: space.boot, pidNamespace: space.namespace, processStart: ticks, number: number,
            command: "demo", state: "running", since: "", written: "", uptime: 1, publishedPerSecond: 0,
            handledPerSecond: 0, published: 0, handled: 0, failed: 0, retried: 0, deadLettered: 0, routes: [],
            subscriptions: [], brokers: [])
    }

    @Test func theStartOfAProcessIsThe22ndFieldWhateverItsNameIs() {
        let tail = " S 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 4242 20"
        for name in ["(hub)", "(a b)", "(a) S 9 (b)", "())"] {
            #expect(ProcessStart.ticks(in: Array("7 \(name)\(tail)".utf8)[...]) == 4242)
        }
        #expect(ProcessStart.ticks(in: Array("7 (hub)\(tail.replacing(" S ", with: " Z "))".utf8)[...]) == nil)
        for line in ["", "7 (hub) S 1", "nothing"] { #expect(ProcessStart.ticks(in: Array(line.utf8)[...]) == nil) }
    }

    #if os(Linux)
        @Test func aFileWhoseProcessIsGoneOrWhosePidIsAnothersIsRemoved() throws {
            let directory = StatusDirectory(Self.runtime())
            let (pid, ticks) = (getpid(), try #require(ProcessStart.ticks(of: getpid())))
            let gone: Int32 = 0x7FFF_FFF0
            let (own, other) = (Self.status(pid, ticks), Self.status(pid, ticks, number: 2))
            for status in [own, other, Self.status(gone, 1), Self.status(pid, ticks + 1, number: 3)] {
                try directory.write(status.json, to: status.fileName)
            }
            let here = ProcessSpace.own.name
            try directory.write([1, 2], to: "\(gone)-7-\(here).json")
            try directory.write([1, 2], to: ".\(gone)-8-\(here).json")
            try directory.write([1, 2], to: "\(pid)-9-\(here).json")
            // A file that is being written, one that lies, and what is no status of a hub: left alone.
            let others = [
                ".\(own.fileName)", "\(pid)-5-\(here).json", "notes.txt", "\(gone).json", "x\(gone)-1-\(here).json",
            ]
            for name in others { try directory.write(own.json, to: name) }
            let seen = try HubStatus.seen(in: directory)
            #expect(seen.running == [own, other])
            #expect(
                seen.notices.sorted()
                    == [5, 9].map {
                        "process \(pid) is not shown: \(pid)-\($0)-\(here).json is no status of a hub"
                    })
            let left = [own.fileName, other.fileName, "\(pid)-9-\(here).json"] + others
            #expect(try directory.files().map(\.name) == left.sorted())
        }

        @Test func aProcessOfAnotherContainerIsJudgedByTheAgeOfItsFileAndAsksNobodyHere() throws {
            let directory = StatusDirectory(Self.runtime())
            let (pid, gone) = (getpid(), Int32(0x7FFF_FFF0))
            let own = Self.status(pid, ProcessStart.ticks(of: pid))
            let elsewhere = [
                ProcessSpace(boot: ProcessSpace.own.boot, namespace: 7),
                ProcessSpace(boot: "00000000-another", namespace: ProcessSpace.own.namespace),
            ]
            // The same pid in each, and one that nobody has here.
            let others = elsewhere.flatMap { [Self.status(pid, 1, in: $0), Self.status(gone, 1, in: $0)] }
            for status in [own] + others { try directory.write(status.json, to: status.fileName) }
            #expect(Set([own] + others).count == 5 && Set(([own] + others).map(\.fileName)).count == 5)
            let now = Int(Date().timeIntervalSince1970)
            #expect(Set(try HubStatus.seen(in: directory, at: now).running) == Set([own] + others))
            #expect(!own.isElsewhere && others.allSatisfy(\.isElsewhere))
            #expect(try HubStatus.seen(in: directory, at: now + HubStatus.mostAge + 60).running == [own])
            #expect(try directory.files().map(\.name) == [own.fileName])
        }
    #endif

    @Test func aFileOfAnotherVersionIsToldOf() throws {
        let directory = StatusDirectory(Self.runtime())
        var newer = Self.status(getpid(), ProcessStart.ticks(of: getpid()))
        newer.version = 2
        try directory.write(newer.json, to: newer.fileName)
        let name = newer.fileName.replacing("-1-", with: "-3-")
        try directory.write(Array(#"{"version": 9, "all": "else"}"#.utf8), to: name)
        let seen = try HubStatus.seen(in: directory)
        #expect(seen.running.isEmpty)
        let notice = "process \(getpid()) is not shown: it writes format "
        #expect(seen.notices == ["\(notice)2, and this hub reads 1", "\(notice)9, and this hub reads 1"])
        #expect(try directory.files().count == 2)
    }

    @Test func aFileOfAnotherUserOrThatOthersCanOpenSaysNothing() throws {
        let directory = StatusDirectory(Self.runtime())
        let status = Self.status(getpid(), ProcessStart.ticks(of: getpid()))
        try directory.write(status.json, to: status.fileName)
        let path = "\(directory.path)/\(status.fileName)"
        for mode in [0o640, 0o602, 0o622] as [mode_t] {
            try #require(chmod(path, mode) == 0)
            let seen = try HubStatus.seen(in: directory)
            #expect(seen.running.isEmpty)
            #expect(
                seen.notices == ["\(status.fileName) is not read, because it is open to other users; remove it"])
        }
        try #require(chmod(path, 0o600) == 0)
        #expect(try HubStatus.seen(in: directory).running == [status])
        // Only root can give a file away.
        guard getuid() == 0 else { return }
        try #require(chown(path, 4711, 4711) == 0)
        let seen = try HubStatus.seen(in: directory)
        #expect(seen.running.isEmpty)
        #expect(seen.notices == ["\(status.fileName) is not read, because it belongs to another user; remove it"])
        #expect(try directory.files().count == 1)
    }

    @Test func aHubThatAsksForItIsSeenWhileItRunsAndNotAfterwards() async throws {
        let environment = Self.runtime()
        let directory = StatusDirectory(environment)
        var fixture = HubFixture(time: VirtualTime())
        let time = try #require(fixture.environment.time as? VirtualTime)
        try fixture.route("orders") { $0.order = .perKey }
        fixture.configuration.subscriptions["it"] = SubscriptionConfiguration("orders", .run(["cat"]))
        fixture.environment.status = StatusReporting(
            command: "test", configuration: "hub.yaml", environment: environment)
        try await fixture.run { hub in
            try await hub.publish((0..<50).map { Message(Body("\($0)")) }, to: "orders")
            var seen: HubStatus?
            try await advancing(time, by: .seconds(1), until: "seen") {
                seen = try HubStatus.seen(in: directory).running.first
                return seen?.lag == 50 && seen?.state == "running" && seen?.brokers.first?.state == "connected"
            }
            let status = try #require(seen)
            #expect(status.pid == getpid() && status.command == "test" && status.configuration == "hub.yaml")
            #expect(status.published == 50 && status.inFlight == 0)
            let promised = HubStatus.Promised(
                name: "orders", guarantee: "at-least-once", endsWithProcess: true, order: "key")
            #expect(status.routes == [promised])
            #expect(status.subscriptions.map(\.name) == ["it"])
            #expect(status.brokers.map(\.type) == ["inmemory"])
            // What is done in a second is its rate.
            try await hub.subscribe(to: "orders") { _ in }
            try await advancing(time, by: .seconds(1), until: "the rates") {
                try await hub.publish(Message(), to: "orders")
                return try HubStatus.seen(in: directory).running.first
                    .map { $0.handledPerSecond > 0 && $0.publishedPerSecond > 0 } ?? false
            }
            try await advancing(time, by: .seconds(1), until: "nothing waits") {
                try HubStatus.seen(in: directory).running.first?.lag == 0
            }
        }
        #expect(try directory.files().isEmpty)
    }

    @Test func whatIsHeldAndRetriedAndGivenUpIsCounted() async throws {
        let (environment, time, release) = (Self.runtime(), VirtualTime(), Signal())
        let directory = StatusDirectory(environment)
        var fixture = HubFixture(time: time)
        try fixture.route("orders") { $0.retry = RetryPolicy(attempts: 3, delay: .seconds(1)) }
        fixture.environment.status = StatusReporting(command: "test", environment: environment)
        try await fixture.run { hub in
            defer { release.fire() }
            try await hub.subscribe(to: "orders") { delivery in
                if delivery.message.body != "hangs" { throw Failing() }
                await release.wait(on: SystemTime.shared)
            }
            try await hub.publish(["fails", "hangs", "hangs"].map { Message($0) }, to: "orders")
            try await advancing(time, by: .milliseconds(500), until: "all that is counted") {
                guard let status = try HubStatus.seen(in: directory).running.first else { return false }
                // The dead letter waits in a queue that no route names, and is not counted as waiting.
                return status.inFlight == 2 && status.lag == 0 && status.deadLettered == 1 && status.retried == 2
                    && status.failed == 3 && status.handled == 0
            }
            release.fire()
            try await advancing(time, by: .seconds(1), until: "nothing is held") {
                let status = try HubStatus.seen(in: directory).running.first
                return status?.inFlight == 0 && status?.handled == 2
            }
        }
    }

    @Test func aHubThatDoesNotAskWritesNothing() async throws {
        var fixture = HubFixture()
        try fixture.route("orders")
        #expect(fixture.environment.status == nil)
        let before = try HubStatus.seen(in: StatusDirectory([:])).running.filter { $0.pid == getpid() }.count
        try await fixture.run { _ in
            let now = try HubStatus.seen(in: StatusDirectory([:])).running.filter { $0.pid == getpid() }.count
            #expect(now == before)
        }
    }

    @Test func whereItCannotBeWrittenOneWarningIsLoggedAndTheHubWorksOn() async throws {
        let time = VirtualTime()
        let environment = Self.runtime()
        let directory = StatusDirectory(environment)
        try Data().write(to: URL(filePath: directory.path))
        var fixture = HubFixture(time: time)
        try fixture.route("orders")
        fixture.environment.status = StatusReporting(command: "test", environment: environment)
        try await fixture.run { hub in
            let handled = Recorder<Int>()
            try await hub.subscribe(to: "orders") { _ in handled.add(1) }
            let end = time.uptime + .seconds(10)
            try await advancing(time, by: .seconds(1), until: "ten seconds") { time.uptime >= end }
            try await hub.publish(Message(), to: "orders")
            try await eventually("handled") { handled.count == 1 }
        }
        let warnings = fixture.log.records(of: "status not written")
        #expect(warnings.count == 1)
        #expect(warnings.first?.keys.first?.value.contains("is a link or a file") == true)
    }
}
