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
            at once; with any other it is run again, as the retry of the route says. The
            target of a bridge that cannot be reached is waited for.

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
            let interrupts = given == nil && console.answersSignals ? Interrupts { ChildCommand.endAll() } : nil
            let note = given ?? interrupts?.note
            var environment = HubEnvironment(log: log)
            environment.status = StatusReporting(
                command: "run", configuration: file, environment: console.environment)
            let hasEnded = try await until(note) { [environment] in
                try await withHub(configuration, brokers: factories, environment: environment) { hub in
                    try await service.run(on: hub)
                }
            }
            withExtendedLifetime(interrupts) {}
            if hasEnded { console.writeError("\(console.errorStyle.red("hub run")): every subscription has ended") }
            return hasEnded ? .failure : note?.status == .interrupted ? .interrupted : .success
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

    /// Runs something until it ends, true then, or until the process is asked to end: it is cancelled, which ends it in order.
    private func until(_ note: Interrupts.Note?, _ body: @escaping @Sendable () async throws -> Void) async throws
        -> Bool
    {
        try await withThrowingTaskGroup(of: Bool.self) { tasks in
            tasks.addTask {
                do { try await body() } catch {
                    if note?.status == nil { throw error }
                }
                return true
            }
            if let note {
                tasks.addTask {
                    await note.wait()
                    return false
                }
            }
            let hasEnded = try await tasks.next() ?? true
            tasks.cancelAll()
            try await tasks.waitForAll()
            return hasEnded && note?.status == nil
        }
    }
}
