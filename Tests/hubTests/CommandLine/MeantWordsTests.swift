import Messaging
import Testing

@testable import hub

/// A word that is misspelt on the command line is answered with the one that is meant.
@Suite struct MeantWordsTests {
    @Test(
        "Commands, options, words and types of broker are met by what is near",
        arguments: [
            (["chek"], "did you mean check?"), (["check", "--jsn"], "did you mean --json?"),
            (["demo", "--on-bad-line", "skp"], "did you mean skip? give one of stop, skip"),
            (["verify", "--kind", "Queue"], "did you mean queue? give one of queue, stream, pubsub"),
            (["brokers", "rabbitmp"], "did you mean rabbitmq?"), (["describe", "strem"], "did you mean stream?"),
            (["demo", "--count", "1,000"], "did you mean 1000? give integer"),
        ])
    func meant(_ words: [String], _ hint: String) async {
        let console = RecordingConsole()
        #expect(await console.run(words) == .usage)
        #expect(console.errors.joined().contains(hint), "\(console.errors)")
    }

    @Test(
        "Every command and every option of it, misspelt, is answered with its name",
        arguments: Hub.commands.map(\.name))
    func every(_ name: String) throws {
        func problems(_ words: String...) -> [String] {
            let result = CommandLineParser(commands: Hub.commands, environment: [:]).parse(words)
            return if case .problems(let problems, _) = result { problems } else { [] }
        }
        /// With its last letter twice.
        func misspelt(_ name: String) -> String { name + name.suffix(1) }
        #expect(problems(misspelt(name)).first?.hasSuffix("is not a command; did you mean \(name)?") == true)
        for option in try #require(Hub.commands.first { $0.name == name }).options.descriptions {
            let found = problems(name, "--\(misspelt(option.name))")
            #expect(found.contains { $0.hasSuffix("; did you mean --\(option.name)?") }, "\(found)")
        }
    }

    @Test("hub --version says which it is")
    func version() async {
        let console = RecordingConsole()
        #expect(await console.run("--version") == .success)
        #expect(console.output == "hub 0.1.0")
    }
}
