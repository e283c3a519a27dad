import Messaging
import MessagingHub
import MessagingTesting

extension Command {
    /// `hub verify CONFIG`.
    static let verify = Command(
        name: "verify", summary: "proves what holds on the brokers of a configuration, promise by promise",
        details: """
            Runs the conformance suite against each configured broker: in a scratch namespace,
            topics that begin with conformance. and a number of the run. Everything that it made
            is removed again, also after Ctrl-C; nothing else is touched. Each promise is printed
            with the kinds for which it holds natively, by an emulation (and what that costs),
            as far as it could be measured here, or not. docs/conformance.md says why each of
            them matters.

            What needs control of a server's process is not run, unless --with-faults names a
            file of commands for it. Each is run by /bin/sh, and has to end with status 0:

                brokers:
                  tasks:
                    kill: docker kill -s KILL rabbit    # as a crash would
                    stop: docker stop rabbit            # in order
                    start: docker start rabbit          # after kill or stop
                    freeze: docker pause rabbit         # as SIGSTOP would
                    thaw: docker unpause rabbit

            These scenarios end the server: name one that nobody else uses. With commands a
            broker's scenarios run one at a time. The servers of in-memory brokers are ended
            without commands.

            Exit status 1: a scenario failed, or a broker could not be connected to.
            """,
        arguments: [
            Argument(
                name: "CONFIG", meaning: "the configuration", defaultText: "configs/messaging.yaml",
                values: .configurations)
        ],
        options: OptionGroup([
            VerifyOptions.broker.description, VerifyOptions.kind.description, VerifyOptions.scenario.description,
            VerifyOptions.seed.description, VerifyOptions.withFaults.description, VerifyOptions.json.description,
        ]),
        examples: [
            Example(line: "hub verify configs/development.yaml", meaning: "all promises, in memory"),
            Example(
                line: "hub verify configs/development.yaml --scenario 1,28-37 --kind queue",
                meaning: "the first promise and those of publishing, for queues"),
            Example(
                line: "hub verify production.yaml --broker tasks --with-faults faults.yaml",
                meaning: "one broker, whose server may be ended"),
            Example(
                line: "hub verify configs/development.yaml --json",
                meaning: "one JSON object for each promise and kind, for machines"),
        ]
    ) { invocation, console in
        await VerifyRun(VerifyOptions(invocation), console).run()
    }
}

/// The options of `hub verify`.
struct VerifyOptions: Sendable {
    static let broker = Option<String?>(
        "broker", default: nil, "the one broker to verify, by its name in the configuration; without it all of them")
    static let kind = Option<DestinationKind?>(
        "kind", default: nil, "the one kind of destination to verify; without it all of them")
    static let scenario = Option(
        "scenario", default: [String](), "the numbers of the scenarios to run; without them all"
    ).examples("7", "1,28-37")
    static let seed = Option<Int?>(
        "seed", in: 0...Int.max, "decides everything that a scenario draws; without it a new one")
    static let withFaults = Option<String?>(
        "with-faults", default: nil, "a file with the commands that end and start a broker's server")
    static let json = Option("json", default: false, "prints one JSON object a line instead of text")

    let file: String
    let broker: BrokerName?
    let kind: DestinationKind?
    let scenarios: [String]
    let seed: UInt64
    let faults: String?
    let json: Bool

    init(_ invocation: Invocation) {
        let values = invocation.options
        file = invocation["CONFIG"]
        broker = values[Self.broker].map { BrokerName($0) }
        kind = values[Self.kind]
        scenarios = values[Self.scenario]
        seed = UInt64(values[Self.seed] ?? Int.random(in: 0...Int.max))
        faults = values[Self.withFaults]
        json = values[Self.json]
    }
}
