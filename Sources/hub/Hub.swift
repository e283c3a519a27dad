import Foundation
import Messaging
import MessagingHub

/// The command: understands its line, runs the sub-command, and exits with its status.
@main struct Hub {
    /// The sub-commands, in the order of the help.
    static let commands: [Command] = [
        .demo, .run, .publish, .consume, .copy, .check, .describe, .brokers, .status, .verify, .completion, .man,
    ]

    static func main() async {
        StandardStream.keepPlaces()
        // Who writes to a stream that nobody reads is told so, and can end in order.
        signal(SIGPIPE, SIG_IGN)
        let environment = ProcessInfo.processInfo.environment
        let words = Array(CommandLine.arguments.dropFirst())
        let status = await run(words, Console.process(environment))
        exit(status.rawValue)
    }

    /// Runs a command line, which is what follows the program's name.
    static func run(_ words: [String], _ console: Console) async -> ExitStatus {
        switch CommandLineParser(commands: commands, environment: console.environment).parse(words) {
        case .run(let command, let invocation): return await command.run(invocation, console)
        case .help(let command):
            let text = command.map { HelpText.command($0, console.style) }
            console.write(text ?? HelpText.overview(commands, console.style))
            return .success
        case .version:
            console.write("hub \(LibraryVersion.current)")
            return .success
        case .problems(let problems, let command):
            let name = command.map { "hub \($0.name)" } ?? "hub"
            for problem in problems { console.writeError("\(console.errorStyle.red(name)): \(problem)") }
            console.writeError("\(name) --help explains it")
            return .usage
        }
    }
}
