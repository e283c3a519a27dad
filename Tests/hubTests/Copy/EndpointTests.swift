import Messaging
import MessagingHub
import Testing

@testable import hub

@Suite struct EndpointTests {
    @Test func aWordIsWhatItLooksLike() throws {
        #expect(try Endpoint("-") == .standard)
        #expect(try Endpoint("orders.created") == .topic("orders.created"))
        #expect(try Endpoint("./orders") == .file("./orders"))
        #expect(try Endpoint("orders.ndjson.gz") == .file("orders.ndjson.gz"))
        #expect(try Endpoint("topic:orders.txt") == .topic("orders.txt"))
        #expect(try Endpoint("file:orders") == .file("orders"))
        #expect(try Endpoint("file:///tmp/a") == .file("/tmp/a"))
    }

    @Test func aURLHasItsTopicAmongTheOptionsOfItsBroker() throws {
        let url = try EndpointURL("amqp://u:${PW:?a?b&c}@h/v?prefetch=3&topic=a%2Eb&kind=stream&heartbeat=5s")
        #expect(url.broker == "amqp://u:${PW:?a?b&c}@h/v?prefetch=3&heartbeat=5s")
        #expect(url.topic == "a.b" && url.kind == .stream && url.order == .none)
        let plain = try EndpointURL("memory://?topic=a")
        #expect(plain.broker == "memory://" && plain.kind == .queue)
    }

    @Test(arguments: [
        ("amqp://h", "topic in a URL is not set"), ("amqp://h?topic=a*", "wildcard"),
        ("amqp://h?topic=a&kind=q", "one of queue, stream, pubsub"), ("amqp://h?topic=a&topic=b", "twice"),
        ("amqp://h?topicc=a", "did you mean topic?"), ("amqp://h?topic=a&knid=queue", "did you mean kind?"),
        ("amqp://h?topic=a&Order=key", "did you mean order?"), ("amqp://h?topic=a&kind=queu", "did you mean queue?"),
    ]) func aURLThatLacksSomethingSaysWhat(_ text: String, _ reason: String) {
        let error = #expect(throws: BrokerError.self) { try Endpoint(text) }
        #expect(error?.sentence.contains(reason) == true, "\(error?.sentence ?? "")")
    }

    @Test func ofAPasswordNothingIsShown() throws {
        let place = try #require(
            try TopicPlace(
                Endpoint("amqp://u:${PW}@host/v?topic=a"), file: "", environment: ["PW": "hidden@/?&"],
                profiles: Backends.profiles))
        #expect(place.shown == "amqp://host/v a")
        let error = #expect(throws: ConfigurationError.self) {
            try TopicPlace(
                Endpoint("amqp://u:secret@host:x/v?topic=a"), file: "", environment: [:], profiles: Backends.profiles)
        }
        #expect(error?.description.contains("secret") == false && error?.description.contains("port") == true)
        let mistyped = #expect(throws: BrokerError.self) { try Endpoint("amqp:/u:secret@host?topic=a") }
        #expect(mistyped?.sentence.contains("secret") == false && mistyped?.sentence.contains("scheme://") == true)
    }
}

/// What is wrong before anything is opened.
@Suite struct CopyPlanTests {
    private func problems(
        _ source: String, _ target: String, _ edit: (inout CopyOptions) -> Void = { _ in }
    ) -> [String] {
        var options = CopyOptions(source: source, target: target)
        edit(&options)
        do {
            _ = try CopyPlan(options, environment: [:], profiles: Backends.profiles)
            return []
        } catch let error as CopyProblems {
            return error.problems
        } catch { return ["\(error)"] }
    }

    private static let queue = "memory://?topic=a&kind=queue"

    @Test func everyProblemIsToldAtOnce() {
        let found = problems(Self.queue, "memory://?topic=b") {
            ($0.group, $0.from, $0.filter, $0.deadLetters) = ("g", .earliest, ["x", "a=1", "a=2"], "d.ndjson")
        }
        #expect(found.count == 6)
        #expect(Set(found.map { $0.prefix { $0 != ":" } }) == ["--group", "--from", "--filter", "--dead-letters"])
        let files = problems("a.ndjson", "b.ndjson") {
            ($0.format, $0.deadLetters, $0.group) = (.body, "./b.ndjson", "a/b")
        }
        #expect(Set(files.map { $0.prefix { $0 != ":" } }) == ["--format", "--dead-letters", "--group"], "\(files)")
    }

    @Test func aSourceThatNeverEndsIsRefusedUntilItsEnd() {
        let live = problems("memory://?topic=a&kind=pubsub", "b.ndjson") { $0.untilEnd = true }
        #expect(live == ["--until-end: a pubsub has no end; leave it out, or give --limit"])
        let queue = problems("amqp://h?topic=a", "b.ndjson") { $0.untilEnd = true }
        #expect(queue.first?.hasPrefix("--until-end: a queue of the server has no end") == true)
    }

    @Test func aTargetThatIsTheSourceIsRefused() throws {
        let folder = try TestFolder()
        let file = try folder.write("a.ndjson", "")
        let same = "are the same"
        #expect(
            problems(file, "\(folder.path)/../\(folder.path.split(separator: "/").last ?? "")/a.ndjson").first?
                .contains(same) == true)
        #expect(problems(Self.queue, "memory://?kind=queue&topic=a").first?.contains(same) == true)
        #expect(problems("amqp://h?topic=a", "amqp://u:p@h/%2F?topic=a&prefetch=3").first?.contains(same) == true)
        #expect(problems("amqp://h?topic=a", "amqp://h/other?topic=a") == [])
        #expect(problems("amqp://h?topic=a", "amqp://other?topic=a") == [])
        #expect(problems("-", "-") == [])
    }

    @Test func aTopicWithoutARouteSaysWhatThereIs() throws {
        let folder = try TestFolder()
        let file = try folder.write(
            "c.yaml",
            """
            brokers: { main: { type: inmemory } }
            routes: { a: { topic: orders.created, kind: queue, broker: main } }
            """)
        let near = problems("orders.creatd", "b.ndjson") { $0.config = file }
        #expect(near.first?.contains("did you mean orders.created?") == true, "\(near)")
        let far = problems("nothing", "b.ndjson") { $0.config = file }
        #expect(far.first?.contains("write ./nothing for a file") == true, "\(far)")
    }

    @Test func theConfigurationThatDoesTheSameIsOne() throws {
        var options = CopyOptions(
            source: "amqp://u:${PW}@h/v?topic=a.b&kind=stream&prefetch=3", target: "kafka://x,y?topic=c&kind=stream")
        (options.filter, options.limit, options.concurrency) = (["region=e'u"], 3, 7)
        let environment = ["PW": "p"]
        let text = try CopyYAML(
            CopyPlan(options, environment: environment, profiles: Backends.profiles), options
        ).text()
        #expect(!text.contains(":p@") && text.contains("# Without a counterpart here: --limit."))
        let configuration = try HubConfiguration.load(
            text: text, environment: environment, profiles: Backends.profiles)
        let subscription = try #require(configuration.subscriptions["copy"])
        #expect(subscription.topic == "a.b" && subscription.target == "c" && subscription.group == "copy")
        #expect(subscription.concurrency == 7 && subscription.filter?.values == ["region": "e'u"])
        #expect(configuration.brokers.count == 2)
    }

    @Test func aPasswordIsNotWrittenIntoAConfiguration() throws {
        let options = CopyOptions(source: "amqp://u:secret@h?topic=a", target: "amqp://u@other?topic=b")
        let plan = try CopyPlan(options, environment: [:], profiles: Backends.profiles)
        let text = try CopyYAML(plan, options).text()
        #expect(!text.contains("secret") && text.contains("amqp://u:${PASSWORD}@h") && text.contains("amqp://u@other"))
    }

    @Test func whatAServiceCannotDoIsNotPrinted() throws {
        for (source, target) in [("a.ndjson", Self.queue), (Self.queue, "-"), ("amqp://h?topic=a", "amqp://o?topic=a")]
        {
            let options = CopyOptions(source: source, target: target)
            let plan = try CopyPlan(options, environment: [:], profiles: Backends.profiles)
            let error = #expect(throws: BrokerError.self) { try CopyYAML(plan, options).text() }
            #expect(error?.code == .unsupported)
        }
    }
}
