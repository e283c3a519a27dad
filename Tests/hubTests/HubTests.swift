import Messaging
import Testing

@testable import hub

@Suite struct HubTests {
    @Test("Without a command, or with an unknown one, it says so and ends with 2")
    func usage() async {
        let none = RecordingConsole()
        #expect(await none.run() == .usage)
        #expect(none.errors == ["hub: no command is given", "hub --help explains it"])
        let wrong = RecordingConsole()
        #expect(await wrong.run("chekc") == .usage)
        #expect(wrong.errors.first == "hub: \"chekc\" is not a command; did you mean check?")
    }

    @Test("The overview names every command and every exit status")
    func overview() async {
        let console = RecordingConsole()
        #expect(await console.run("--help") == .success)
        for command in Hub.commands { #expect(console.output.contains("  \(command.name)")) }
        for status in ExitStatus.allCases { #expect(console.output.contains(status.meaning)) }
    }

    @Test("Every command's help has its options and examples that it understands", arguments: Hub.commands.map(\.name))
    func help(_ name: String) async throws {
        let console = RecordingConsole()
        #expect(await console.run(name, "--help") == .success)
        let command = try #require(Hub.commands.first { $0.name == name })
        for option in command.options.descriptions { #expect(console.output.contains("\(option.name)")) }
        #expect(!command.examples.isEmpty)
        for example in command.examples {
            let words = example.line.split(separator: " ").map(String.init).drop { $0 != "hub" }.dropFirst()
                .prefix { $0 != "|" && !$0.hasPrefix("<") && !$0.hasPrefix(">") }
            let result = CommandLineParser(commands: Hub.commands, environment: [:]).parse(Array(words))
            if case .run = result { continue }
            Issue.record("\(example.line) is not understood: \(result)")
        }
        for line in console.output.split(separator: "\n") where !line.hasPrefix("  hub ") {
            #expect(line.count <= 80, "\(line)")
        }
    }
}
