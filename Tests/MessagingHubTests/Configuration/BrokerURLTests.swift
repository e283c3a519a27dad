import Testing

@testable import MessagingHub

@Suite struct BrokerURLTests {
    @Test("Every part is taken out and decoded")
    func parts() throws {
        let url = try BrokerURL("AMQPS://u%3A:p%40:w@one:1,two/a%2Fb/c?x=1&y=%20&z=a=b")
        #expect(url.scheme == "amqps" && url.username == "u:" && url.password == "p@:w")
        #expect(url.hosts == ["one:1", "two"] && url.path == "a/b/c" && url.endpoint == nil)
        #expect(url.query.map(\.name) == ["x", "y", "z"] && url.query.map(\.value) == ["1", " ", "a=b"])
    }

    @Test("What is left out is nil")
    func nothing() throws {
        for text in ["nats://", "nats:///"] {
            let url = try BrokerURL(text)
            #expect(
                url.username == nil && url.password == nil && url.hosts.isEmpty && url.path == nil && url.query.isEmpty)
        }
        #expect(try BrokerURL("sqlite:////var/hub.db").path == "/var/hub.db")
        #expect(try BrokerURL("a://[::1]").endpoint?.host == "::1")
        #expect(try BrokerURL("a://@h").username == nil)
    }

    @Test(
        "What is not a URL is refused, without any part of it",
        arguments: [
            "hunter2", "://hunter2", "", "a://u:%hunter2@h", "a://h?hunter2", "a://h?x=1&x=hunter2", "a://h#hunter2",
            "a://%hunter2", "a://h/%ff", "a://hunter 2", "a://h/%+1",
        ])
    func refused(_ text: String) {
        do throws(BrokerURL.Problem) {
            _ = try BrokerURL(text)
            Issue.record("accepted")
        } catch {
            #expect(!error.sentence.contains("hunter"))
        }
    }
}
