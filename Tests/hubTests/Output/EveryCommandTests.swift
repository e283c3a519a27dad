import Foundation
import Messaging
import Testing

@testable import hub

/// What holds of whatever a command prints.
@Suite(.timeLimit(.minutes(5))) struct EveryCommandTests {
    private static let root = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../..")
        .standardized
    private static let development = root.appending(path: "configs/development.yaml").path

    private static let tables: [[String]] =
        [
            ["--help"], ["brokers"], ["brokers", "--fidelity"], ["describe"],
            ["verify", development, "--scenario", "1,8,49,60"], ["demo", "--config", development, "--count", "500"],
        ] + Backends.profiles.map { ["brokers", $0.type.name] }

    @Test("What is printed keeps within 80 characters", arguments: tables) func width(_ words: [String]) async {
        let console = RecordingConsole()
        #expect(await console.run(words) == .success)
        let lines = console.output.split(separator: "\n")
        #expect(lines.count > 5)
        for line in lines { #expect(line.count <= 80, "\(line)") }
    }

    /// What is wrong with each is found at another place: words, a configuration, files, a broker.
    private static let wrong = [
        "", "chekc", "copy a.ndjson", "copy --limt 1 a.ndjson b.ndjson", "copy none.ndjson b.ndjson",
        "copy bad.gz b.ndjson", "copy bad.ndjson b.ndjson", "copy a.ndjson a.ndjson", "copy a.ndjson none/b.ndjson",
        "copy 'ampq://h?topic=a' b.ndjson", "copy 'redis://h?topic=a' b.ndjson", "copy a.ndjson 'memory://?topic=a*'",
        "publish a.ndjson", "publish 'memory://?topic=a' --rate 0", "consume a.ndjson", "consume 'memory://?topic=a'",
        "consume --config none.yaml a", "run none.yaml", "run bad.yaml", "check bad.yaml", "check .", "verify bad.yaml",
        "describe nothing", "brokers nothing", "status --wach", "completion bsh", "man page", "demo --input none",
        "demo --config bad.yaml",
    ]

    @Test(
        "What is wrong is told on standard error, why, and what to do, without a trace of the program",
        arguments: wrong)
    func errors(_ words: String) async throws {
        let folder = try TestFolder()
        try folder.write("bad.yaml", "brokers: [\n")
        try folder.write("bad.gz", "not compressed")
        try folder.write("bad.ndjson", "not JSON\n")
        try folder.write("a.ndjson", "{}\n")
        let result = try await HubProcess(shell: "cd '\(folder.path)'; exec $0 \(words)").end()
        #expect([1, 2, 3].contains(result.status), "\(result)")
        #expect(result.output.isEmpty || result.output.hasPrefix("sent 0, received 0, "), "\(result)")
        let sentences = result.errors.split(separator: "\n").filter { !$0.contains(": note: ") }
        #expect((1...3).contains(sentences.count), "\(sentences)")
        for sentence in sentences {
            let hasRemedy = ["; ", "did you mean", "--help explains it"].contains { sentence.contains($0) }
            #expect(hasRemedy || sentence == "1 problem" || words.isEmpty, "\(sentence)")
            // A place of the program, a crash, a value as Swift prints it.
            for trace in [".swift:", "Fatal error", "Thread ", "0x", "BrokerError(", "ConfigurationError("] {
                #expect(!sentence.contains(trace), "\(sentence)")
            }
        }
        #expect(words.isEmpty ? sentences.last == "hub --help explains it" : true)
    }

    @Test("On a terminal there are colours, and with NO_COLOR none", arguments: ["", "1"])
    func colours(_ value: String) async throws {
        let terminal = try Terminal()
        let process = try HubProcess(["chekc"], terminal: terminal, variables: ["NO_COLOR=\(value)"])
        #expect(try await process.end().status == 2)
        try await terminal.end()
        #expect(terminal.text.contains("is not a command; did you mean check?"))
        #expect(terminal.text.contains("\u{1B}") == value.isEmpty, "\(terminal.text.debugDescription)")
    }
}
