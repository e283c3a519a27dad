import Messaging
import Testing

@Suite struct OptionTests {
    private static let port = Option("port", default: 5672, in: 1...65_535, "where it listens")
    private static let password = Option("password", default: "", "what proves the user", secret: true)
    private static let pin = Option("pin", default: 0 as Int?, "a secret number", secret: true)
    private static let host = Option("host", default: "localhost", "where it runs", required: true)
    private static let tls = Option("tls", default: false, "whether the connection is encrypted")
    private static let hosts = Option("hosts", default: [] as [String], "the others")
    private static let limit = Option("limit", default: nil as Int?, "how many at most")
    private static let heartbeat = Option<Duration>(
        "heartbeat", default: .seconds(10), in: .seconds(1) ... .seconds(60), "how often it is asked")

    private let group = OptionGroup([
        Self.port.description, Self.password.description, Self.pin.description, Self.host.description,
        Self.tls.description, Self.hosts.description, Self.limit.description, Self.heartbeat.description,
    ])

    @Test func descriptionsSayEverything() throws {
        let port = try #require(group["port"])
        #expect(port.type == "integer")
        #expect(port.defaultText == "5672")
        #expect(port.allowedDescription == "integer, 1 to 65535")
        #expect(port.meaning == "where it listens")
        #expect(!port.isFlag && !port.isList && !port.isSecret && !port.isRequired)
        #expect(try #require(group["tls"]).isFlag)
        #expect(try #require(group["hosts"]).isList)
        #expect(try #require(group["password"]).isSecret)
        #expect(try #require(group["host"]).isRequired)
        #expect(try #require(group["heartbeat"]).allowedDescription == "duration (500ms, 2s, 168h), 1s to 1m")
        #expect(group["missing"] == nil)
    }

    @Test func valuesAreReadOrAtTheirDefault() {
        let (values, problems) = group.read(["host": "a", "port": "1", "limit": "7", "tls": "true", "hosts": "b,c"])
        #expect(problems.isEmpty)
        #expect(values[Self.host] == "a")
        #expect(values[Self.port] == 1)
        #expect(values[Self.limit] == 7)
        #expect(values[Self.tls])
        #expect(values[Self.hosts] == ["b", "c"])
        #expect(values[Self.heartbeat] == .seconds(10))
        #expect(values.isSet("port"))
        #expect(!values.isSet("heartbeat"))
        #expect(OptionValues()[Self.limit] == nil)
    }

    @Test func valuesAreSetInCode() {
        var values = OptionValues()
        values[Self.port] = 7
        values[Self.limit] = nil
        #expect(values[Self.port] == 7)
        #expect(values[Self.limit] == nil)
    }

    @Test func everyProblemIsReportedWithWhatIsAllowed() throws {
        let (values, problems) = group.read(["prot": "1", "port": "70000", "colour": "red", "heartbeat": "5"])
        #expect(problems.count == 5)
        #expect(problems["port"] == "\"70000\" is not allowed; give integer, 1 to 65535")
        #expect(problems["colour"]?.hasPrefix("is not an option; allowed are port, password") == true)
        #expect(problems["host"] == "is not set and has no default; give text")
        #expect(
            problems["heartbeat"] == "\"5\" is not allowed; did you mean 5s? give duration (500ms, 2s, 168h), 1s to 1m")
        #expect(!values.isSet("port"))
        #expect(values[Self.port] == 5672)
        let misspelt = group.read(["host": "a", "passwrod": "x"]).problems
        #expect(misspelt["passwrod"] == "is not an option; did you mean password?")
    }

    @Test func secretsAreNeverInTheTexts() {
        let (_, problems) = group.read(["host": "a", "pin": "hunter2", "passwort": "hunter2"])
        #expect(problems["pin"]?.hasSuffix("value is not allowed; give integer") == true)
        #expect(problems.count == 2)
        #expect(!problems.values.contains { $0.contains("hunter2") })
    }

    @Test func nearestName() {
        #expect(group.nearest(to: "colour") == nil)
        #expect(group.nearest(to: "pasword") == "password")
        #expect(group.nearest(to: "heartbeet") == "heartbeat")
    }
}
