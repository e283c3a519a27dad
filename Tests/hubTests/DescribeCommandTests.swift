import Foundation
import Messaging
import MessagingHub
import Testing

@testable import hub

@Suite struct DescribeCommandTests {
    private func describe(_ words: String...) async -> String {
        let console = RecordingConsole()
        #expect(await console.run(["describe"] + words) == .success)
        #expect(console.errors.isEmpty)
        return console.output
    }

    @Test("Without a word it lists the brokers, the kinds, the policies and the keys at the top")
    func overview() async {
        let text = await describe()
        for profile in Backends.profiles { #expect(text.contains("  \(profile.type) ")) }
        for word in ["queue", "stream", "pubsub", "retry", "circuit-breaker", "deduplicate", "routes", "shutdown"] {
            #expect(text.contains("\n  \(word) "), "\(word)")
        }
    }

    @Test("Every key is explained, by its whole path, with its meaning, its values and its default")
    func everyKey() async {
        for key in HubConfiguration.keys(profiles: Backends.profiles) {
            let words = (await describe(key.name)).split(whereSeparator: \.isWhitespace).joined(separator: " ")
            #expect(words.contains(key.meaning), "\(key.name)")
            #expect(words.contains(key.name))
            guard let option = key.option else { continue }
            let hasDefault = !option.isSecret && !option.isRequired && !option.defaultText.isEmpty
            let shownDefault = hasDefault ? "default \(option.defaultText)" : nil
            let facts = [option.unit, option.variable, shownDefault].compactMap { $0 }
            for fact in facts + [option.allowedDescription, "since \(option.since)"] {
                #expect(words.contains(fact), "\(key.name): \(fact)")
            }
        }
    }

    @Test("Every option of a type of broker is explained with its type, and how a URL sets it")
    func brokers() async {
        for profile in Backends.profiles {
            let all = await describe(profile.type.name)
            #expect(all.contains("url: \(profile.scheme)"))
            for option in profile.options.descriptions {
                #expect(all.contains("\n  \(option.name) "), "\(profile.type) \(option.name)")
                let one = await describe("\(profile.type).\(option.name)")
                #expect(one.hasPrefix("brokers.NAME.\(option.name) of type: \(profile.type)\n"))
                let form = option.urlPart == nil ? "?\(option.name)=" : "://"
                #expect(one.contains(form) && one.contains("  in a URL  "))
            }
        }
    }

    @Test("The end of a path is enough, names of the writer fit, and what is alike is explained once")
    func ends() async {
        let one = await describe("routes.orders.retry.delay")
        #expect(one.hasPrefix("routes.NAME.retry.delay\n  the delay after the first run\n"))
        let all = await describe("delay")
        #expect(all.contains("routes.NAME.retry.delay\nroutes.NAME.retry.by-type.NAME.delay\n"))
        #expect(all.contains("\n\nroutes.NAME.publish.delay\n") && all.contains("default  100ms"))
        #expect(await describe("lifecycle").contains("A single value stands for state."))
        #expect(await describe("stream").contains("rabbitmq  by the backend: one queue for each group"))
    }

    @Test("A kind is explained by who serves it, and a policy by all of its keys")
    func kindsAndPolicies() async {
        for kind in DestinationKind.allCases {
            let text = await describe(kind.rawValue)
            #expect(text.hasPrefix("\(kind.rawValue): "))
            for type in Backends.profiles.map(\.type) { #expect(text.contains("\n  \(type) "), "\(kind) \(type)") }
        }
        let keys = HubConfiguration.keys(profiles: Backends.profiles)
        let policies = keys.filter { $0.section != nil && $0.path.count == 3 && $0.path.first == "routes" }
        let names = Set(policies.map { $0.path[2] })
        #expect(names.isSuperset(of: ["retry", "circuit-breaker", "deduplicate", "publish", "dead-letter"]))
        for policy in policies {
            let text = await describe(policy.path[2])
            #expect(text.contains(policy.name) && text.contains(policy.meaning.prefix(40)))
            for key in keys where key.path.count == 4 && key.path.starts(with: policy.path) && key.option != nil {
                #expect(text.contains("\n  \(key.path[3]) "), "\(key.name)")
            }
        }
    }

    @Test("A secret's default is not shown")
    func secret() async {
        let text = await describe("rabbitmq.password")
        #expect(text.contains("never shown, in no message and no log") && !text.contains("guest"))
        #expect(!(await describe("--json", "rabbitmq.password")).contains("guest"))
    }

    @Test(
        "What there is not is named with what may be meant, and status 2",
        arguments: [
            ("rabitmq", "rabbitmq"), ("strem", "stream"), ("retri", "retry"), ("prefech", "prefetch"),
            ("routes.orders.retry.dely", "routes.NAME.retry.delay"), ("kafka.compresion", "kafka.compression"),
        ])
    func unknown(_ word: String, _ meant: String) async {
        let console = RecordingConsole()
        #expect(await console.run("describe", word) == .usage)
        let sentence = "hub describe: \"\(word)\" is nothing that can be explained; did you mean \(meant)?"
        #expect(console.errors == [sentence] && console.output.isEmpty)
        let foreign = RecordingConsole()
        #expect(await foreign.run("describe", "kafka.prefetch") == .usage)
        #expect(foreign.errors.first?.contains("did you mean kafka.prefetch?") == false, "\(foreign.errors)")
        let nothing = RecordingConsole()
        #expect(await nothing.run("describe", "") == .usage)
        #expect(nothing.errors.first?.hasSuffix("; hub describe lists what there is") == true)
    }

    @Test("--json gives one object, with every fact of an option")
    func json() async throws {
        func object(_ words: String...) async throws -> [String: Any] {
            let console = RecordingConsole()
            #expect(await console.run(["describe", "--json"] + words) == .success)
            return try #require(
                try JSONSerialization.jsonObject(with: Data(console.output.utf8)) as? [String: Any])
        }
        let keys = try #require(try await object("nats.max-in-flight")["keys"] as? [[String: Any]])
        let option = try #require(keys.first)
        #expect(option["key"] as? String == "brokers.NAME.max-in-flight" && option["type"] as? String == "nats")
        #expect(option["least"] as? String == "1" && option["greatest"] as? String == "1000000")
        #expect(option["counts"] as? String == "deliveries" && option["default"] as? String == "1000")
        #expect(option["variable"] as? String == "AF_BUS_MAX_IN_FLIGHT" && option["secret"] as? Bool == false)
        #expect(option["since"] as? String == "0.1.0")
        #expect((try await object("queue")["brokers"] as? [String: String])?["kafka"] == "emulated")
        let count = HubConfiguration.keys(profiles: Backends.profiles).count
        #expect((try await object()["keys"] as? [Any])?.count == count)
        #expect((try await object("redis")["keys"] as? [Any])?.count == 16)
    }

    @Test("--schema prints configs/messaging.schema.json")
    func schema() async throws {
        let file = URL(filePath: #filePath).deletingLastPathComponent()
            .appending(path: "../../configs/messaging.schema.json").standardized
        let remedy: Comment = "write it anew: hub describe --schema > configs/messaging.schema.json"
        #expect(try String(contentsOf: file, encoding: .utf8) == (await describe("--schema")) + "\n", remedy)
    }

    @Test("No line of what it prints is longer than 80 characters, but for those of one word")
    func width() async {
        for word in Backends.profiles.map(\.type.name) + ["queue", "retry", "routes", "delay", "brokers", "log"] {
            for line in (await describe(word)).split(separator: "\n") where line.count > 80 {
                #expect(line.split(separator: " ").count <= 2, "\(line)")
            }
        }
    }
}
