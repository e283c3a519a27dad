import Messaging
import MessagingTesting
import Testing

/// A history that is odd but honest: nothing may be said against it.
struct GoodHistory: Sendable, CustomTestStringConvertible {
    let name: String
    let tell: @Sendable (Tale) -> Void

    init(_ name: String, _ tell: @escaping @Sendable (Tale) -> Void) {
        self.name = name
        self.tell = tell
    }

    var testDescription: String { name }

    static let all = afterFailures + placesApart + endings + counts

    /// `m1` was published, received by p0.c1 and settled so.
    private static func begun(
        _ tale: Tale, _ settlement: Settlement = .accept, _ outcome: SettlementOutcome? = .settled
    ) {
        tale.declare(Tale.orders)
        tale.publish("m1")
        tale.subscribe("p0.c1")
        tale.receive("p0.c1", "m1")
        tale.settle("p0.c1", "m1", settlement, outcome)
    }

    private static let afterFailures: [GoodHistory] = [
        GoodHistory("a crash undoes what was settled within the settle lag") { tale in
            tale.rules.settleLag = .milliseconds(20)
            begun(tale)
            tale.fault("is killed", of: "server")
            tale.recover("server")
            tale.receive("p0.c1", "m1", attempt: 2)
            tale.settle("p0.c1", "m1")
        },
        GoodHistory("an accept without an answer, and the message comes again") { tale in
            begun(tale, .accept, nil)
            tale.fault("is killed", of: "p0")
            tale.recover("p0", "is gone")
            tale.subscribe("p1.c1")
            tale.receive("p1.c1", "m1", attempt: 2)
        },
        GoodHistory("a retry without an answer leaves two copies") { tale in
            begun(tale, .retry(after: .zero, failure: nil), nil)
            tale.subscribe("p1.c1")
            tale.receive("p1.c1", "m1", attempt: 2)
            tale.settle("p1.c1", "m1")
            tale.receive("p1.c1", "m1", attempt: 1)
            tale.settle("p1.c1", "m1")
        },
        GoodHistory("the broker says that the connection went, and a settlement is lost with it") { tale in
            begun(tale)
            tale.add("p0", .reported(.down(Tale.failure)))
            tale.add("p0", .reported(.up))
            tale.receive("p0.c1", "m1", attempt: 2)
        },
        GoodHistory("a publish of which nothing is known came, and another did not") { tale in
            tale.declare(Tale.orders)
            tale.publish("came", "lost", told: .unknown)
            tale.publish("silent", told: .nothing)
            tale.drain(["came"])
        },
        GoodHistory("a publish is repeated after it was taken: both copies are handled") { tale in
            tale.publish("m1", told: .unknown)
            tale.publish("m1")
            tale.subscribe("p0.c1")
            tale.receive("p0.c1", "m1", "m1")
            tale.settle("p0.c1", "m1")
            tale.receive("p0.c1", "m1")
            tale.settle("p0.c1", "m1")
        },
        GoodHistory("what need not survive a crash does not") { tale in
            tale.declare(Tale.orders) { $0.durable = false }
            tale.declare(.queue("firm"))
            tale.publish("m1")
            tale.publish("m2", to: .queue("firm")) { $0.deliveryMode = .transient }
            tale.fault("is killed", of: "server")
            tale.recover("server")
            tale.drain([])
            tale.drain([], from: .queue("firm"))
        },
        GoodHistory("a listener that reconnects hears a message twice") { tale in
            tale.subscribe("p0.c1", to: .pubSub("news"))
            tale.publish("m1", to: .pubSub("news"))
            tale.receive("p0.c1", "m1")
            tale.fault("is cut", of: "the link of p0")
            tale.recover("the link of p0", "is whole")
            tale.receive("p0.c1", "m1")
        },
    ]

    private static let placesApart: [GoodHistory] = [
        GoodHistory("two groups, each with its own attempts and its own end") { tale in
            BadHistory.twoGroups(tale)
            tale.receive("p0.c1", "m1")
            tale.receive("p0.c2", "m1")
            tale.settle("p0.c1", "m1", .retry(after: .zero, failure: nil))
            tale.settle("p0.c2", "m1")
            tale.receive("p0.c1", "m1", attempt: 2)
            tale.settle("p0.c1", "m1", .discard(reason: "no"))
            tale.drain([], from: Tale.log, group: "a")
            tale.drain([], from: Tale.log, group: "b")
        },
        GoodHistory("a message is forwarded with its id, and handled there as a first attempt") { tale in
            tale.declare(.queue("dead"))
            begun(tale, .forward([Outgoing(tale.message("m1"), to: .queue("dead"))]))
            tale.drain([])
            tale.drain(["m1"], from: .queue("dead"))
        },
        GoodHistory("a forward that failed has left its copy, and its original") { tale in
            begun(tale, .forward([Outgoing(tale.message("copy"), to: .queue("others"))]), .failed(Tale.failure))
            tale.subscribe("p0.c2", to: .queue("others"))
            tale.receive("p0.c2", "copy")
            tale.drain(["m1"])
        },
        GoodHistory("a queue with a binding gets what is published to a topic") { tale in
            tale.declare(Tale.orders) { $0.bindings = [TopicPattern("news")] }
            tale.publish("m1", to: .pubSub("news"))
            tale.subscribe("p0.c1")
            tale.receive("p0.c1", "m1")
        },
        GoodHistory("the broker dead-letters what was discarded") { tale in
            tale.declare(.queue("dead"))
            tale.declare(Tale.orders) { $0.deadLetters = .broker(.queue("dead")) }
            tale.publish("m1")
            tale.subscribe("p0.c1")
            tale.receive("p0.c1", "m1")
            tale.settle("p0.c1", "m1", .discard(reason: "no"))
            tale.subscribe("p0.c2", to: .queue("dead"))
            tale.receive("p0.c2", "m1", attempt: 2)
        },
        GoodHistory("a stranger publishes too, and takes away") { tale in
            tale.declare(Tale.orders)
            tale.add("scenario", .unjudged(Tale.orders, "a foreign client uses it"))
            tale.publish("m1")
            tale.subscribe("p0.c1")
            tale.receive("p0.c1", "foreign")
            tale.drain([])
        },
        GoodHistory("keys overtake each other, and so do publishers, and members of what has no order") { tale in
            tale.publish("a1", key: "a")
            tale.publish("b1", key: "b")
            tale.publish("c1", key: "c")
            tale.publish("c2", key: "c", by: "p1")
            tale.subscribe("p0.c1")
            tale.receive("p0.c1", "b1", "a1", "c2", "c1")
            tale.publish("d1", "d2", to: Tale.log, key: "d")
            tale.subscribe("p0.c2", to: Tale.log, group: "g")
            tale.subscribe("p1.c2", to: Tale.log, group: "g")
            tale.receive("p1.c2", "d2")
            tale.receive("p0.c2", "d1")
        },
        GoodHistory("an ordered key moves on with a redelivery") { tale in
            tale.declare(Tale.log, groups: ["g"]) { $0.order = .perKey }
            tale.publish("m1", "m2", to: Tale.log, key: "k")
            tale.subscribe("p0.c1", to: Tale.log, group: "g")
            tale.receive("p0.c1", "m1", "m2")
            tale.settle("p0.c1", "m1")
            tale.add("p0.c1", .leaves(.cancel, isDone: false))
            tale.subscribe("p1.c1", to: Tale.log, group: "g")
            tale.receive("p1.c1", "m2")
        },
        GoodHistory("publishers overtake each other where all keep one order") { tale in
            tale.declare(Tale.log, groups: ["g"]) { $0.order = .all }
            tale.publish("m1", to: Tale.log, key: "a")
            tale.publish("m2", to: Tale.log, key: "b", by: "p1")
            tale.subscribe("p0.c1", to: Tale.log, group: "g")
            tale.receive("p0.c1", "m2", "m1")
        },
        GoodHistory("a higher priority overtakes within a key") { tale in
            tale.publish("low", key: "k")
            tale.publish("high", key: "k") { $0.priority = 9 }
            tale.subscribe("p0.c1")
            tale.receive("p0.c1", "high", "low")
        },
    ]

    private static let endings: [GoodHistory] = [
        GoodHistory("what expired, was purged, waits for its time or for its retry is not missed") { tale in
            tale.declare(Tale.orders)
            tale.publish("m1") { $0.expiration = VirtualTime.beginning }
            tale.publish("m2") { $0.notBefore = VirtualTime.beginning + .seconds(60) }
            tale.publish("m3")
            tale.subscribe("p0.c1")
            tale.receive("p0.c1", "m3")
            tale.settle("p0.c1", "m3", .retry(after: .seconds(60), failure: nil))
            tale.drain([])
            tale.declare(.queue("purged"))
            tale.publish("m4", to: .queue("purged"))
            tale.add("p0", .removes(.queue("purged"), "purges"))
            tale.drain([], from: .queue("purged"))
        },
        GoodHistory("a group that starts at the latest message, or has a filter, is owed nothing for certain") { tale in
            tale.declare(Tale.log) {
                $0.groups["late"] = .init(start: .latest)
                $0.groups["picky"] = .init(filter: HeaderFilter(["kind": "a"]))
            }
            tale.publish("m1", to: Tale.log)
            tale.drain([], from: Tale.log, group: "late")
            tale.drain([], from: Tale.log, group: "picky")
        },
        GoodHistory("the drain found everything, or did not end") { tale in
            tale.declare(Tale.orders)
            tale.publish("m1", "m2")
            tale.drain(["m2", "m1"])
            tale.declare(.queue("others"))
            tale.publish("m3", to: .queue("others"))
            tale.add("p9", .drains(Place(.queue("others"), group: nil), at: tale.time.now, isDone: false))
        },
        GoodHistory("nobody looked at what was left") { tale in
            tale.declare(Tale.orders)
            tale.publish("m1")
        },
    ]

    private static let counts: [GoodHistory] = [
        GoodHistory("a lost hold comes again late, and the old receipt is stale") { tale in
            tale.publish("m1")
            tale.subscribe("p0.c1", maxHold: .milliseconds(100))
            tale.receive("p0.c1", "m1")
            tale.time.advance(by: .seconds(40))
            tale.subscribe("p1.c1")
            tale.receive("p1.c1", "m1", attempt: 2)
            tale.settle("p0.c1", "m1", .accept, .stale)
            tale.settle("p1.c1", "m1")
        },
        GoodHistory("a cancelled consumer's message comes again much later, as the same attempt") { tale in
            tale.publish("m1")
            tale.subscribe("p0.c1")
            tale.receive("p0.c1", "m1")
            tale.add("p0.c1", .leaves(.cancel, isDone: true))
            tale.time.advance(by: .seconds(10))
            tale.subscribe("p1.c1")
            tale.receive("p1.c1", "m1")
        },
        GoodHistory("a release counts where the broker says so, and need not") { tale in
            tale.rules.releaseCounts = true
            begun(tale, .release)
            tale.receive("p0.c1", "m1", attempt: 2)
            tale.settle("p0.c1", "m1", .release)
            tale.receive("p0.c1", "m1", attempt: 2)
        },
        GoodHistory("a crash does not count where the broker cannot tell") { tale in
            tale.rules.crashCount = .none
            tale.publish("m1")
            tale.subscribe("p1.c1")
            tale.receive("p1.c1", "m1")
            tale.fault("is killed", of: "p1")
            tale.recover("p1", "is gone")
            tale.subscribe("p0.c1")
            tale.receive("p0.c1", "m1")
        },
        GoodHistory("a message that a killed process had buffered counts, though it was never received") { tale in
            tale.rules.crashCount = .deliveries
            tale.publish("m1")
            tale.fault("is killed", of: "p1")
            tale.recover("p1", "is gone")
            tale.subscribe("p0.c1")
            tale.receive("p0.c1", "m1", attempt: 2)
        },
        GoodHistory("what is held is settled after stop") { tale in
            tale.publish("m1")
            tale.subscribe("p0.c1")
            tale.receive("p0.c1", "m1")
            tale.add("p0.c1", .leaves(.stop, isDone: false))
            tale.settle("p0.c1", "m1")
        },
        GoodHistory("a settlement under way when its consumer is cancelled is written") { tale in
            tale.publish("m1")
            tale.subscribe("p0.c1")
            tale.receive("p0.c1", "m1")
            tale.add("p0.c1", .leaves(.cancel, isDone: false))
            tale.settle("p0.c1", "m1")
            tale.add("p0.c1", .leaves(.cancel, isDone: true))
        },
    ]
}
