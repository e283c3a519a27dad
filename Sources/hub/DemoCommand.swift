import Foundation
import Messaging
import MessagingHub

extension Command {
    /// `hub demo`.
    static let demo = Command(
        name: "demo", summary: "sends real events through the hub and accounts for each of them",
        details: """
            Every event of a file of commits (one JSON object a line) goes to a queue with
            8 handlers, of which some fail on purpose, some of those always; to a stream
            that two groups read; and to a live broadcast. At the end each message is
            accounted for: sent = handled + dead-lettered, for each group, and filtered
            where a group has a filter. Lost ones make the exit status 1. Ctrl-C stops
            sending; what was sent is still handled, unless Ctrl-C comes again.

            A configuration needs routes for demo.tasks, demo.events and demo.live.
            """,
        options: OptionGroup([
            DemoOptions.config.description, DemoOptions.input.description, DemoOptions.count.description,
            DemoOptions.seed.description, DemoOptions.failRate.description, DemoOptions.onBadLine.description,
            DemoOptions.json.description,
        ]),
        examples: [
            Example(line: "hub demo", meaning: "14,012 events in memory; nothing needs to be installed"),
            Example(line: "hub demo --seed 7 --fail-rate 0.2 --count 2000", meaning: "other failures, more of them"),
            Example(line: "hub demo --config configs/development.yaml", meaning: "the same on the brokers of a file"),
            Example(line: "hub demo --json", meaning: "one JSON object a destination, for machines"),
        ]
    ) { invocation, console in
        let options = DemoOptions(invocation.options)
        do {
            let configuration = try options.configuration(console.environment)
            let run = try DemoRun(options, configuration, console)
            let interrupts = console.answersSignals ? Interrupts { console.progress?.end() } : nil
            let outcome = try await run.run(interruptedBy: interrupts?.note)
            withExtendedLifetime(interrupts) {}
            console.progress?.end()
            console.write(options.json ? DemoJSON.text(outcome) : DemoText.text(outcome, console.style))
            for problem in outcome.problems { console.writeError("hub demo: \(problem)") }
            return outcome.status
        } catch {
            console.progress?.end()
            if let error = error as? ConfigurationError {
                for problem in error.problems { console.writeError("hub demo: \(problem)") }
                return .configuration
            }
            console.writeError("hub demo: \((error as? BrokerError)?.sentence ?? "\(error)")")
            return .failure
        }
    }
}

/// The options of `hub demo`.
struct DemoOptions: Sendable {
    static let config = Option<String?>(
        "config", default: nil, "the configuration to run on; without it everything is in memory")
    static let input = Option<String?>(
        "input", default: nil, "the events to send, a file or a pipe; without it Examples/data/commits.ndjson")
    static let count = Option(
        "count", default: 0, in: 0...100_000_000, "how many events to send, the file again and again; 0: the file once"
    ).unit("events")
    static let seed = Option("seed", default: 1, "which events fail: the same seed, the same events")
    static let failRate = Option("fail-rate", default: 0.05, in: 0...1, "the share of events whose handler fails")
    static let onBadLine = Option("on-bad-line", default: BadLine.stop, "what to do at a line that is not an event")
    static let json = Option("json", default: false, "prints one JSON object a destination instead of tables")

    let config: String?
    let input: String?
    let count: Int
    let seed: Int
    let failRate: Double
    let onBadLine: BadLine
    let json: Bool

    init(_ values: OptionValues) {
        config = values[Self.config]
        input = values[Self.input]
        count = values[Self.count]
        seed = values[Self.seed]
        failRate = values[Self.failRate]
        onBadLine = values[Self.onBadLine]
        json = values[Self.json]
    }

    /// The configuration to run on.
    func configuration(_ environment: [String: String]) throws -> HubConfiguration {
        guard let config else { return .demo }
        return try HubConfiguration.load(path: config, environment: environment, profiles: Backends.profiles)
    }

    /// The file of events: the one that was named, or the package's own, looked for from the working directory and from
    /// the program upwards.
    var inputPath: String? {
        if let input { return input }
        let program = URL(fileURLWithPath: Bundle.main.executablePath ?? "").deletingLastPathComponent()
        let starts = [
            URL(fileURLWithPath: FileManager.default.currentDirectoryPath), program.resolvingSymlinksInPath(),
        ]
        for start in starts {
            var folder = start
            for _ in 0..<8 {
                let file = folder.appendingPathComponent("Examples/data/commits.ndjson").path
                if FileManager.default.isReadableFile(atPath: file) { return file }
                folder.deleteLastPathComponent()
            }
        }
        return nil
    }
}
