import Foundation
import InMemoryBroker
import Messaging
import MessagingHub
import MessagingTesting

/// A configured broker, and what the suite needs of it.
struct VerifySubject: Sendable {
    let name: BrokerName
    let type: BrokerType
    /// How many scenarios run at the same time: what is measured is to be the broker, not the crowd.
    let width: Int
    /// A harness for a scenario.
    let harness: @Sendable () -> any ConformanceHarness

    /// The subjects of a configuration: this broker, or all of them. Throws a `VerifyProblem` where there is none of that
    /// name, and a `ConfigurationError` where a backend is not in this build or the file of faults does not fit.
    static func all(
        of configuration: HubConfiguration, _ options: VerifyOptions, _ environment: [String: String]
    ) throws -> [VerifySubject] {
        let names = configuration.brokers.keys.map(\.name).sorted()
        if let broker = options.broker, configuration.brokers[broker] == nil {
            let hint = broker.name.nearest(in: names).map { "did you mean \($0)?" }
            let sentence = "is no broker of \(options.file); \(hint ?? "there are \(names.joined(separator: ", "))")"
            throw VerifyProblem(sentence: "\(broker.name.quoted) \(sentence)")
        }
        let chosen = names.map { BrokerName($0) }.filter { options.broker == nil || options.broker == $0 }
        let missing = configuration.missingBackends(registered: Backends.factories).filter {
            chosen.contains($0.broker)
        }
        if !missing.isEmpty {
            throw ConfigurationError(
                missing.map { backend in
                    let path = ConfigurationPath("brokers", backend.broker.name, "type")
                    return ConfigurationProblem(file: options.file, at: path, backend.description)
                })
        }
        let faults = try options.faults.map { try FaultCommands.load($0, environment, for: configuration) } ?? [:]
        return chosen.compactMap { name in
            configuration.brokers[name].flatMap { VerifySubject(name, $0, faults[name]) }
        }
    }

    private init?(_ name: BrokerName, _ settings: BrokerConfiguration, _ faults: FaultCommands?) {
        let width = max(4, min(16, ProcessInfo.processInfo.activeProcessorCount * 4))
        if settings.type == .inMemory {
            // A server for each scenario, which all processes of the scenario share: one may be ended beside the others.
            let configuration = InMemoryConfiguration(settings.options)
            self.init(name, .inMemory, width: width) {
                InMemoryHarness(configuration.server(heartbeat: .milliseconds(200)), profile: configuration.profile)
            }
            return
        }
        guard let factory = Backends.factories.first(where: { $0.profile.type == settings.type }) else { return nil }
        let harness = ConfiguredHarness(name, settings.options, factory, faults: faults)
        self.init(name, settings.type, width: faults == nil ? width : 1) { harness }
    }

    init(
        _ name: BrokerName, _ type: BrokerType, width: Int, harness: @escaping @Sendable () -> any ConformanceHarness
    ) {
        self.name = name
        self.type = type
        self.width = width
        self.harness = harness
    }

    /// Connects once. Throws where that fails, or takes longer than a broker is waited for.
    func tryConnecting() async throws {
        let harness = harness()
        try await harness.time.bounded("connecting to \(name)", within: harness.patience) {
            let broker = try await harness.launch().broker
            try await broker.connect { _ in }
            await broker.close(within: .seconds(1))
        }
    }
}
