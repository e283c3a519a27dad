import Foundation
import Messaging
import MessagingHub

extension Command {
    /// `hub run CONFIG`.
    static let run = Command(
        name: "run", summary: "runs a configuration as a service: bridges, and a command for each message",
        details: """
            What is done is in the section subscriptions of the configuration:

                subscriptions:
                  archive:
                    topic: orders.created
                    to: orders.archive            # published there, and then accepted
                  mail:
                    topic: orders.paid
                    command: [./send-mail]        # gets it, and says what becomes of it

            A command gets each message as one line of JSON on its standard input, and
            HUB_MESSAGE_ID, HUB_TOPIC and HUB_ATTEMPT in its environment. It accepts by
            ending with status 0; with 65 it gives the message up, which is dead-lettered
            at once; with any other it is run again, as the retry of the route says. A
            target that cannot be reached is waited for, and uses up no attempt.

            Ctrl-C, or SIGTERM, shuts down in order: what was begun is finished within the
            grace of the configuration, the rest goes back. A second one ends at once.
            """,
        arguments: [
            Argument(
                name: "CONFIG", meaning: "the configuration", defaultText: "configs/messaging.yaml",
                values: .configurations)
        ],
        examples: [
            Example(line: "hub run service.yaml", meaning: "until Ctrl-C"),
            Example(line: "hub copy orders.a orders.b --print-config", meaning: "how a bridge is written"),
        ]
    ) { invocation, console in
        await RunJob(file: invocation["CONFIG"], console).run()
    }
}

/// `hub run`: from its words to its exit status.
struct RunJob: Sendable {
    private let file: String
    private let console: Console
    private let factories: [BrokerFactory]

    init(file: String, _ console: Console, factories: [BrokerFactory] = Backends.factories) {
        self.file = file
        self.console = console
        self.factories = factories
    }

    /// `interrupts` are those that it is to end for; nil: the process's own.
    func run(until given: Interrupts.Note? = nil) async -> ExitStatus {
        do {
            let configuration = try HubConfiguration.load(
                path: file, environment: console.environment, profiles: Backends.profiles)
            let log = configuration.log.sink
            let service = try Service(configuration, file: file, path: console.environment["PATH"], log: log)
            let interrupts = given == nil && console.answersSignals ? Interrupts {} : nil
            let note = given ?? interrupts?.note
            try await withHub(configuration, brokers: factories, environment: HubEnvironment(log: log)) { hub in
                try await service.begin(on: hub)
                let count = configuration.subscriptions.count
                let names = configuration.subscriptions.keys.map(\.name).sorted().joined(separator: ", ")
                log.log(LogRecord(.info, "running", [("hub.subscriptions", "\(count): \(names)")], at: .now))
                await note?.wait()
            }
            withExtendedLifetime(interrupts) {}
            return note?.status == .interrupted ? .interrupted : .success
        } catch {
            let name = console.errorStyle.red("hub run")
            switch error {
            case let error as ConfigurationError:
                for problem in error.problems { console.writeError("\(name): \(problem)") }
                return .configuration
            case let error as BrokerError: console.writeError("\(name): \(error.sentence)")
            default: console.writeError("\(name): \(error)")
            }
            return .failure
        }
    }
}
