import Messaging
import Testing

@testable import hub

@Suite struct CommandLineParserTests {
    private static let count = Option("count", default: 3, in: 1...9, "how many").variable("HUB_COUNT")
    private static let verbose = Option("verbose", default: false, "says more")
    private static let colour = Option("colour", default: true, "has colours")
    private static let tags = Option("tags", default: [String](), "what it is about")
    private static let key = Option("key", default: "", "what opens it", secret: true)
    private static let options = OptionGroup([
        count.description, verbose.description, colour.description, tags.description, key.description,
    ])
    private static let command = Command(
        name: "greet", summary: "greets",
        arguments: [
            .init(name: "WHO", meaning: "whom to greet", defaultText: nil),
            .init(name: "HOW", meaning: "in what way", defaultText: "kindly"),
        ], options: options
    ) { _, _ in .success }

    private func parse(_ words: String..., environment: [String: String] = [:]) -> CommandLineParser.Result {
        CommandLineParser(commands: [Self.command], environment: environment).parse(words)
    }

    private func invocation(_ result: CommandLineParser.Result) throws -> Invocation {
        guard case .run(_, let invocation) = result else {
            Issue.record("not understood: \(result)")
            return Invocation()
        }
        return invocation
    }

    private func problems(_ result: CommandLineParser.Result) -> [String] {
        if case .problems(let problems, _) = result { problems } else { [] }
    }

    @Test("Values are given with a blank or an equals sign, before and after arguments")
    func values() throws {
        for result in [
            parse("greet", "--count", "5", "Ann"), parse("greet", "Ann", "--count=5"),
            parse("greet", "--count=5", "--", "Ann"),
        ] {
            let invocation = try invocation(result)
            #expect(invocation.options[Self.count] == 5)
            #expect(invocation["WHO"] == "Ann" && invocation["HOW"] == "kindly")
        }
    }

    @Test("Flags need no value; --no- turns one off")
    func flags() throws {
        let on = try invocation(parse("greet", "--verbose", "Ann", "--no-colour"))
        #expect(on.options[Self.verbose] && !on.options[Self.colour] && on["WHO"] == "Ann")
        #expect(try invocation(parse("greet", "Ann", "--colour=false", "--no-verbose")).options[Self.colour] == false)
    }

    @Test("A list is given once with commas, or several times")
    func lists() throws {
        let invocation = try invocation(parse("greet", "Ann", "--tags", "a,b", "--tags=c"))
        #expect(invocation.options[Self.tags] == ["a", "b", "c"])
    }

    @Test("What follows -- is an argument, whatever it looks like")
    func dashes() throws {
        let invocation = try invocation(parse("greet", "--", "--count", "-x"))
        #expect(invocation["WHO"] == "--count" && invocation["HOW"] == "-x")
        #expect(try self.invocation(parse("greet", "-5"))["WHO"] == "-5")
    }

    @Test("A variable stands in for an option that is not given")
    func variables() throws {
        let environment = ["HUB_COUNT": "7"]
        #expect(try invocation(parse("greet", "Ann", environment: environment)).options[Self.count] == 7)
        #expect(try invocation(parse("greet", "Ann", "--count=2", environment: environment)).options[Self.count] == 2)
        #expect(problems(parse("greet", "Ann", environment: ["HUB_COUNT": "x"])).count == 1)
    }

    @Test("Everything that is wrong is said at once, each with what would be right")
    func allProblems() {
        let found = problems(
            parse(
                "greet", "a", "b", "c", "--cuont=1", "--count=10", "--count", "2", "-v", "--key=hunter2", "--key",
                "hunter2"))
        #expect(
            found == [
                "\"c\" is one argument too many; greet takes 2",
                "--cuont is not an option of greet; did you mean --count?",
                "--count: \"10\" is not allowed; give integer, 1 to 9", "--count is given twice; give it once",
                "\"-v\" is not an option; options begin with --", "--key is given twice; give it once",
            ])
    }

    @Test("A missing value and a missing argument are named")
    func missing() {
        #expect(
            problems(parse("greet", "--count")) == [
                "--count needs a value; give integer, 1 to 9", "WHO is missing; give whom to greet",
            ])
        #expect(
            problems(parse("greet", "Ann", "--count", "--verbose")) == ["--count needs a value; give integer, 1 to 9"])
        #expect(
            problems(parse("greet", "Ann", "--verbose=maybe")) == [
                "--verbose: \"maybe\" is not allowed; give true or false"
            ])
        #expect(problems(parse("greet", "Ann", "--")) == [])
        #expect(problems(parse("greet", "Ann", "--=")).count == 1)
    }

    @Test("An unknown command is met with the nearest one")
    func unknownCommand() {
        #expect(problems(parse("great")) == ["\"great\" is not a command; did you mean greet?"])
        #expect(problems(parse("frobnicate")) == ["\"frobnicate\" is not a command; there are greet"])
        #expect(problems(parse("help", "great")).count == 1)
        #expect(
            problems(CommandLineParser(commands: [Self.command], environment: [:]).parse([])) == ["no command is given"]
        )
    }

    @Test("Help is asked for in every usual way, and wins over what is wrong")
    func help() {
        func isHelp(_ result: CommandLineParser.Result, of name: String?) -> Bool {
            if case .help(let command) = result { command?.name == name } else { false }
        }
        #expect(isHelp(parse("--help"), of: nil) && isHelp(parse("-h"), of: nil) && isHelp(parse("help"), of: nil))
        #expect(isHelp(parse("help", "greet"), of: "greet") && isHelp(parse("greet", "--help"), of: "greet"))
        #expect(isHelp(parse("greet", "--nonsense", "-h"), of: "greet"))
        #expect(!isHelp(parse("greet", "--", "--help"), of: "greet"))
    }

    @Test("No command line of up to three such words traps")
    func anything() {
        let words = [
            "greet", "help", "--", "-", "--count", "--count=", "=", "--=x", "5", "", "--no-", "--no-count", "-h", "ä",
            "\0",
            "--tags",
        ]
        for first in words {
            for second in words { for third in words { _ = parse(first, second, third) } }
        }
    }
}
