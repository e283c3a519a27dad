import Messaging
import MessagingTesting

/// A configured broker under test: each process is a broker of its factory, and its server is ended by commands.
struct ConfiguredHarness: ConformanceHarness {
    let name: String
    /// 10 s, or 30 s where servers are started, which takes its time.
    let patience: Duration
    /// What the broker's options say, where they say it.
    let heartbeat: Duration
    private let make: @Sendable () throws(BrokerError) -> any MessageBroker
    private let faults: FaultCommands?

    init(_ broker: BrokerName, _ options: OptionValues, _ factory: BrokerFactory, faults: FaultCommands? = nil) {
        name = broker.name
        patience = faults == nil ? .seconds(10) : .seconds(30)
        let option = factory.profile.options["heartbeat"]
        let value = options[untyped: "heartbeat"] ?? option.flatMap { $0.read($0.defaultText) }
        heartbeat = value as? Duration ?? .seconds(1)
        make = { () throws(BrokerError) in try factory.make(broker, options, BrokerEnvironment()) }
        self.faults = faults
    }

    func launch() async throws -> LaunchedBroker { LaunchedBroker(try make()) }

    var server: (any BrokerProcess)? { faults.map { ConfiguredServer(harness: self, faults: $0) } }

    func lack(of need: Scenario.Need) -> String {
        switch need {
        case .operation(let operation): "the broker does not serve \(operation.rawValue)"
        case .crash: "no hold of the server's process; --with-faults names commands for it"
        case .link: "no hold of the connections; a test with a BrokerProxy of MessagingFaults has it"
        case .kill: "no client's process to kill; a test with a PeerProcess of MessagingFaults has one"
        case .foreignClient: "no other client of this broker; a test of your own gives one as publishForeign"
        case .obstacle: "no server that nobody can connect to; a test of your own gives some as obstacles"
        case .processUse: "this system does not tell what a process uses; Linux does"
        }
    }
}

/// The server of a configured broker, in the hand of the commands of `--with-faults`.
private struct ConfiguredServer: BrokerProcess {
    let harness: ConfiguredHarness
    let faults: FaultCommands

    func kill() async throws { try await faults.run(.kill) }
    func stop() async throws { try await faults.run(.stop) }
    func freeze() async throws { try await faults.run(.freeze) }
    func thaw() async throws { try await faults.run(.thaw) }

    /// Returns once a broker can connect; throws its last error when none could for as long as the patience lasts.
    func start() async throws {
        try await faults.run(.start)
        let end = harness.time.uptime + harness.patience
        while true {
            let broker = try await harness.launch().broker
            do throws(BrokerError) {
                try await broker.connect { _ in }
                return await broker.close(within: .seconds(1))
            } catch {
                if harness.time.uptime > end || !error.isRetryable { throw error }
            }
            try? await harness.time.sleep(for: .milliseconds(100))
        }
    }
}
