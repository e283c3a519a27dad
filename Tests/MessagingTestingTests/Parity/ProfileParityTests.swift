import EmbeddedBroker
import InMemoryBroker
import KafkaBroker
import Messaging
import MessagingTesting
import NATSBroker
import RabbitMQBroker
import RedisBroker
import Testing

extension BrokerProfile {
    /// The profiles of every backend.
    static let all: [BrokerProfile] = [.inMemory, .embedded, .rabbitMQ, .kafka, .redis, .nats]

    /// Memory with limits that are soon reached.
    static let tight = BrokerProfile.inMemory.with { _ in
    } limits: { limits in
        limits.maximumBodyBytes = 1000
        limits.maximumHeaders = 10
        limits.maximumHeaderNameBytes = 20
        limits.maximumHeaderValueBytes = 100
        limits.headerGrammar = .line
        limits.maximumTopicBytes = 120
        limits.nameGrammar = .ascii
        limits.maximumPriority = 5
        limits.maximumFieldBytes = 50
        limits.maximumDelay = .seconds(36_000)
        limits.maximumRetention = .seconds(86_400)
        limits.maxHold = .seconds(60)
    }

    /// The same with other capabilities and limits.
    func with(
        _ edit: (inout BrokerCapabilities) -> Void, limits: (inout BrokerLimits) -> Void = { _ in }
    ) -> BrokerProfile {
        var capabilities = capabilities
        edit(&capabilities)
        return BrokerProfile(
            type: type, scheme: scheme, options: options, capabilities: capabilities, limits: self.limits.with(limits))
    }
}

@Suite("What memory with a profile refuses, the profile's broker refuses") struct ProfileParityTests {
    /// Something that differs between the two sides.
    struct Difference: Sendable, CustomTestStringConvertible {
        let what: String
        /// The probes that are put have one of these words; the others are nearly as many and take their time.
        let words: [String]
        let profile: BrokerProfile
        var testDescription: String { what }

        init(_ what: String, in words: String..., limits: (inout BrokerLimits) -> Void) {
            self.what = what
            self.words = words
            profile = BrokerProfile.tight.with({ _ in }, limits: limits)
        }

        init(without operation: BrokerCapabilities.Operation, on kind: DestinationKind) {
            what = "no \(operation.rawValue) on a \(kind)"
            words = [kind.rawValue]
            profile = BrokerProfile.tight.with { $0.operations[kind]?[operation] = .refused(reason: "it is odd") }
        }
    }

    private static func harness(_ profile: BrokerProfile) -> InMemoryHarness {
        InMemoryHarness(InMemoryServer(maximumBytes: 1 << 40), profile: profile)
    }

    /// What two sides do not agree on, of these probes.
    private func differences(
        _ live: any ConformanceHarness, _ memory: any ConformanceHarness = harness(.tight),
        in probes: [ParityProbe] = ParityProbe.all
    ) async -> [(probe: ParityProbe, sentence: String)] {
        let parity = ProfileParity(.tight, live: live, memory: memory)
        var found: [(ParityProbe, String)] = []
        for probe in probes {
            if case .differs(let sentence) = await parity.compare(probe) { found.append((probe, sentence)) }
        }
        return found
    }

    @Test("memory agrees with memory about each profile", arguments: BrokerProfile.all.map(\.type.name))
    func memoryAgreesWithItself(_ type: String) async throws {
        let profile = try #require(BrokerProfile.all.first { $0.type.name == type })
        let parity = ProfileParity(profile, live: Self.harness(profile))
        for probe in ParityProbe.all {
            if case .differs(let sentence) = await parity.compare(probe) { Issue.record("\(sentence)") }
        }
    }

    @Test("each probe has its own words, and at an edge one side is taken and the other refused")
    func probesAreAtTheEdges() async throws {
        #expect(Set(ParityProbe.all.map(\.description)).count == ParityProbe.all.count)
        let edges: [(String, String, BrokerError.Code)] = [
            ("publish to a queue a body of the limit", "publish to a queue a body of one byte more", .tooLarge),
            ("publish to a stream a key of the limit", "publish to a stream a key of one byte more", .tooLarge),
            ("publish to a pubsub as many headers as there may be", "publish to a pubsub one header more", .tooLarge),
            (
                "publish to a queue the highest priority", "publish to a queue one priority more", .invalidArgument
            ),
            (
                "publish to a queue nearly the longest delay", "publish to a queue more than the longest delay",
                .invalidArgument
            ),
            (
                "declare a stream with a name of the limit", "declare a stream with a name of one byte more",
                .invalidArgument
            ),
            (
                "subscribe to a queue with the longest hold", "subscribe to a queue with a longer hold",
                .invalidArgument
            ),
            (
                "declare a queue that keeps for as long as may be", "declare a queue that keeps for longer than may be",
                .invalidArgument
            ),
            ("declare a queue again as it is", "declare a queue again with order", .conflict),
            (
                "subscribe to a pubsub that does not exist", "subscribe to a queue that does not exist",
                .noSuchDestination
            ),
        ]
        let parity = ProfileParity(.tight, live: Self.harness(.tight))
        for (good, bad, code) in edges {
            let (taken, refused) = (
                try #require(ParityProbe.all.first { $0.description == good }, "\(good)"),
                try #require(ParityProbe.all.first { $0.description == bad }, "\(bad)")
            )
            #expect(await parity.compare(taken) == .agreed(.accepted), "\(good)")
            #expect(await parity.compare(refused) == .agreed(.refused(code)), "\(bad)")
        }
    }

    static let limits: [Difference] = [
        Difference("a body of one byte more", in: "body") { $0.maximumBodyBytes += 1 },
        Difference("a body of one byte less", in: "body") { $0.maximumBodyBytes -= 1 },
        Difference("one header more", in: "header") { $0.maximumHeaders += 1 },
        Difference("one header less", in: "header") { $0.maximumHeaders -= 1 },
        Difference("longer header names", in: "header") { $0.maximumHeaderNameBytes += 1 },
        Difference("shorter header names", in: "header") { $0.maximumHeaderNameBytes -= 1 },
        Difference("longer header values", in: "header") { $0.maximumHeaderValueBytes += 1 },
        Difference("shorter header values", in: "header") { $0.maximumHeaderValueBytes -= 1 },
        Difference("headers of text", in: "header") { $0.headerGrammar = .text },
        Difference("headers of bytes", in: "header") { $0.headerGrammar = .bytes },
        Difference("longer topics", in: "name") { $0.maximumTopicBytes += 1 },
        Difference("shorter topics", in: "name") { $0.maximumTopicBytes -= 1 },
        Difference("topics of text", in: "name") { $0.nameGrammar = .text },
        Difference("a higher priority", in: "priority") { $0.maximumPriority += 1 },
        Difference("a lower priority", in: "priority") { $0.maximumPriority -= 1 },
        Difference("longer fields", in: "of the limit", "of one byte") { $0.maximumFieldBytes += 1 },
        Difference("shorter fields", in: "of the limit", "of one byte") { $0.maximumFieldBytes -= 1 },
        Difference("longer delays", in: "delay") { $0.maximumDelay += .seconds(7200) },
        Difference("shorter delays", in: "delay") { $0.maximumDelay -= .seconds(7200) },
        Difference("a longer retention", in: "keeps") { $0.maximumRetention += .milliseconds(1) },
        Difference("a shorter retention", in: "keeps") { $0.maximumRetention -= .milliseconds(1) },
        Difference("longer holds", in: "hold") { $0.maxHold += .seconds(1) },
        Difference("shorter holds", in: "hold") { $0.maxHold -= .seconds(1) },
    ]

    /// Capabilities that no single call can be refused for.
    private static let silent: Set<String> = [
        "expiredCount", "atomicForward", "durable", "binaryHeaders", "oldestAge", "heldCount", "delayCount",
        "fencing", "request",
    ]

    static let operations = DestinationKind.allCases.flatMap { kind in
        BrokerCapabilities.Operation.allCases.filter { operation in
            !silent.contains(operation.rawValue) && BrokerProfile.tight.capabilities.can(operation, on: kind)
        }.map { Difference(without: $0, on: kind) }
    }

    @Test(
        "a limit or capability that differs on either side is found, and the right side is named",
        arguments: limits + operations)
    func aDifferenceIsFound(_ difference: Difference) async {
        let (odd, right) = (Self.harness(difference.profile), Self.harness(.tight))
        let probes = ParityProbe.all.filter { probe in difference.words.contains { probe.description.contains($0) } }
        let there = await differences(odd, right, in: probes)
        #expect(!there.isEmpty)
        // The other way round the same is said of the other side.
        let here = await differences(right, odd, in: there.map(\.probe))
        #expect(here.count == there.count)
        for ((_, one), (_, other)) in zip(there, here) {
            let sentences = [one, other]
            let isLenient = sentences.contains { $0.contains("so a test in memory proves nothing; mend the profile") }
            let isWrong = sentences.contains { $0.contains("wrong probe or profile: inmemory accepted what memory") }
            let isOther = sentences.allSatisfy { $0.contains("one code is wrong") }
            #expect(isLenient && isWrong || isOther, "\(sentences)")
        }
    }

    /// A broker that is wrong in one thing, and what is said of it.
    struct Wrong: Sendable, CustomTestStringConvertible {
        let what: String
        let sentence: String
        let flaw: Flaw
        var testDescription: String { what }
    }

    static let wrong: [Wrong] = [
        Wrong(
            what: "has another code for what is too large",
            sentence:
                "publish to a queue a body of one byte more: inmemory, flawed refused with invalidArgument, memory refused with tooLarge; one code is wrong",
            flaw: .changing { error in error.code == .tooLarge ? BrokerError(.invalidArgument, error.sentence) : error }
        ),
        Wrong(
            what: "does not know what became of what is refused",
            sentence: "publish to a queue a null body",
            flaw: {
                var flaw = Flaw()
                flaw.publish = { broker, messages, destination, options in
                    if messages.contains(where: \.body.isNull) {
                        let error = BrokerError(.timeout, "it is not known")
                        throw PublishFailure([0: .unknown(error)], of: messages.count)
                    }
                    return try await broker.publish(messages, to: destination, options: options)
                }
                return flaw
            }()),
        Wrong(
            what: "takes a conflict for a repetition",
            sentence: "declare a queue again with order: wrong probe or profile",
            flaw: {
                var flaw = Flaw()
                flaw.declare = { broker, declarations in
                    do { try await broker.declare(declarations) } catch let error as BrokerError {
                        if error.code != .conflict { throw error }
                    }
                }
                return flaw
            }()),
        Wrong(
            what: "settles twice",
            sentence: "accept twice of a queue: wrong probe or profile: inmemory, flawed accepted what memory stale",
            flaw: .ofConsumer { base, _, _ in
                var consumer = FlawedConsumer(base: base)
                consumer.settle = { base, settlements in
                    await base.settle(settlements).map { $0 == .stale ? .settled : $0 }
                }
                return consumer
            }),
        Wrong(
            what: "never answers a subscription",
            sentence: "subscribe to a queue with the longest hold: there is no answer to compare: ",
            flaw: {
                var flaw = Flaw()
                flaw.subscribe = { broker, subscription in
                    if subscription.maxHold == .seconds(60) { try await SystemTime.shared.sleep(for: .seconds(3600)) }
                    return try await broker.subscribe(subscription)
                }
                return flaw
            }()),
    ]

    @Test("a broker that is wrong in one thing is found by name", arguments: wrong)
    func whatIsWrongIsFound(_ wrong: Wrong) async {
        let base = InMemoryHarness(profile: .tight, patience: .milliseconds(500))
        let found = await differences(FlawedHarness(wrong.flaw, before: base))
        #expect(found.contains { $0.sentence.contains(wrong.sentence) }, "\(found.map(\.sentence))")
        #expect(found.count < ParityProbe.all.count / 4, "one flaw spoils \(found.count) probes")
    }
}

extension Flaw {
    /// A flaw of the errors that a publish throws.
    fileprivate static func changing(_ edit: @escaping @Sendable (BrokerError) -> BrokerError) -> Flaw {
        var flaw = Flaw()
        flaw.publish = { broker, messages, destination, options in
            do { return try await broker.publish(messages, to: destination, options: options) } catch let error
                as PublishFailure
            {
                let outcomes = error.outcomes.mapValues { outcome -> PublishFailure.Outcome in
                    if case .refused(let error) = outcome { .refused(edit(error)) } else { outcome }
                }
                throw PublishFailure(outcomes, of: error.count)
            }
        }
        return flaw
    }
}
