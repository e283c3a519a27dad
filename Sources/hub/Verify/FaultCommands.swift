import Messaging
import MessagingHub

/// The commands that control the process of a broker's server, from the file of `--with-faults`.
struct FaultCommands: Sendable {
    /// What is done to a server.
    enum Action: String, CaseIterable {
        case kill
        case stop
        case start
        case freeze
        case thaw

        fileprivate var option: Option<String> {
            switch self {
            case .kill: Option("kill", default: "", "ends the server as a crash would, such as SIGKILL", required: true)
            case .stop: Option("stop", default: "", "ends the server in order, such as SIGTERM", required: true)
            case .start: Option("start", default: "", "starts the server that was ended", required: true)
            case .freeze: Option("freeze", default: "", "holds the server, such as SIGSTOP", required: true)
            case .thaw: Option("thaw", default: "", "lets the server go on, such as SIGCONT", required: true)
            }
        }
    }

    /// The longest that a command may take.
    static let patience = Duration.seconds(60)
    /// The shape of the file.
    static let shape = ConfigurationShape(sections: [
        .init(
            "brokers", "the brokers whose servers may be ended, by their names in the configuration",
            .entries(of: ConfigurationShape(OptionGroup(Action.allCases.map(\.option.description)))))
    ])

    let broker: BrokerName
    let commands: [Action: String]

    /// Reads a file. Throws where it cannot be read, lacks a command, or names what is no broker with a server.
    static func load(
        _ path: String, _ environment: [String: String], for configuration: HubConfiguration
    ) throws(ConfigurationError) -> [BrokerName: FaultCommands] {
        let section = try ConfigurationSection.load(path: path, shape: shape, environment: environment)
        let names = configuration.brokers.keys.map(\.name).sorted()
        var faults: [BrokerName: FaultCommands] = [:]
        var problems: [ConfigurationProblem] = []
        for (text, entry) in section.entries(of: "brokers") {
            let name = BrokerName(text)
            if let problem = problem(of: configuration.brokers[name]?.type, text, among: names) {
                problems.append(ConfigurationProblem(file: path, at: ConfigurationPath("brokers", text), problem))
            }
            let commands = Action.allCases.map { ($0, entry.values[$0.option]) }
            faults[name] = FaultCommands(broker: name, commands: Dictionary(commands) { $1 })
        }
        if faults.isEmpty, problems.isEmpty {
            let sentence = "names no broker; give the commands of at least one"
            problems.append(ConfigurationProblem(file: path, at: ConfigurationPath("brokers"), sentence))
        }
        if !problems.isEmpty { throw ConfigurationError(problems) }
        return faults
    }

    private static func problem(of type: BrokerType?, _ name: String, among names: [String]) -> String? {
        if type == .inMemory { return "is in memory, and its server is ended without commands; remove it" }
        if type != nil { return nil }
        let hint = name.nearest(in: names).map { "did you mean \($0)?" } ?? "there are \(names.joined(separator: ", "))"
        return "is no broker of the configuration; \(hint)"
    }

    /// Runs a command. Throws where it does not end with status 0, or takes too long. It is not ended by a cancellation:
    /// a server that is down is started again.
    func run(_ action: Action) async throws(BrokerError) {
        let what = "--with-faults: \(action.rawValue) of \(broker)"
        switch await ShellCommand(commands[action] ?? "").run(within: Self.patience) {
        case .ended(0, _): return
        case .ended(let status, let errors):
            let said = errors.isEmpty ? "and said nothing" : "and said \(errors.quoted)"
            throw BrokerError(.brokerFailure, "\(what) ended with status \(status) \(said); try the command by hand")
        case .overdue:
            throw BrokerError(
                .timeout, "\(what) did not end within \(Self.patience.optionText); try the command by hand")
        case .notStarted(let why):
            throw BrokerError(.brokerFailure, "\(what) could not be started: \(why)")
        }
    }
}
