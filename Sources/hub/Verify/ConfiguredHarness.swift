import Messaging
import MessagingTesting

/// A configured broker under test: each process is a broker of its factory, and its server is ended by commands.
struct ConfiguredHarness: ConformanceHarness {
    private let broker: BrokerName
    private let options: OptionValues
    private let factory: BrokerFactory
    private let faults: FaultCommands?

    init(_ broker: BrokerName, _ options: OptionValues, _ factory: BrokerFactory, faults: FaultCommands? = nil) {
        self.broker = broker
        self.options = options
        self.factory = factory
        self.faults = faults
    }

    var name: String { broker.name }

    func launch() async throws -> BrokerProcess {
        BrokerProcess(try factory.make(broker, options, BrokerEnvironment(time: time)))
    }

    var server: ServerControl? {
        guard let faults else { return nil }
        return ServerControl(
            crash: { try await faults.run(.kill) },
            restart: {
                try await faults.run(.start)
                try await waitUntilItAnswers()
            })
    }

    /// Returns once a broker can connect; throws its last error when none could for as long as the patience lasts.
    private func waitUntilItAnswers() async throws {
        let end = time.uptime + patience
        while true {
            let process = try await launch()
            do throws(BrokerError) {
                try await process.broker.connect { _ in }
                return await process.broker.close(within: .seconds(1))
            } catch {
                if time.uptime > end || !error.isRetryable { throw error }
            }
            try? await time.sleep(for: .milliseconds(100))
        }
    }
}
