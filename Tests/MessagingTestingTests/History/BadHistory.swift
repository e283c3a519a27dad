import Messaging
import MessagingTesting
import Testing

/// A history that no honest broker has, the rule that it breaks, and the entries that show it.
struct BadHistory: Sendable, CustomTestStringConvertible {
    let name: String
    let rule: HistoryViolation.Rule
    let sentence: String
    let excerpt: [String]
    let tell: @Sendable (Tale) -> Void

    init(
        _ name: String, _ rule: HistoryViolation.Rule, _ sentence: String, shownBy excerpt: [String],
        _ tell: @escaping @Sendable (Tale) -> Void
    ) {
        self.name = name
        self.rule = rule
        self.sentence = sentence
        self.excerpt = excerpt
        self.tell = tell
    }

    var testDescription: String { name }

    static let all = arrivals + oneOrder + settlements + runs

    private static let arrivals: [BadHistory] = [
        BadHistory(
            "a confirmed message is gone", .loss,
            "m1 is not in queue orders any more: it was confirmed, and nobody has settled it",
            shownBy: [
                "1ms p0 publishes to queue orders m1", "2ms p0 was confirmed m1", "4ms p0.c1 received, attempt 1, m1",
                "5ms p9 reads what is left in queue orders",
            ]
        ) { tale in
            tale.declare(Tale.orders)
            tale.publish("m1", "m2")
            tale.subscribe("p0.c1")
            tale.receive("p0.c1", "m1")
            tale.drain(["m2"])
        },
        BadHistory(
            "a crash loses a confirmed message", .loss,
            "m1 is not in queue orders any more: it was confirmed, and nobody has settled it",
            shownBy: [
                "1ms p0 publishes to queue orders m1", "2ms p0 was confirmed m1", "3ms server is killed",
                "5ms p9 reads what is left in queue orders",
            ]
        ) { tale in
            tale.declare(Tale.orders)
            tale.publish("m1")
            tale.fault("is killed", of: "server")
            tale.recover("server")
            tale.drain([])
        },
        BadHistory(
            "a message comes that nobody published", .origin,
            "ghost came from queue orders, though nobody had published it",
            shownBy: ["1ms p0.c1 received, attempt 1, ghost"]
        ) { tale in
            tale.subscribe("p0.c1")
            tale.receive("p0.c1", "ghost")
        },
        BadHistory(
            "a refused message comes", .origin, "m1 came from queue orders, though its publish was refused",
            shownBy: [
                "0s p0 publishes to queue orders m1",
                "1ms p0 was told: 1 of 1 messages were not confirmed: brokerFailure: it failed m1",
                "3ms p0.c1 received, attempt 1, m1",
            ]
        ) { tale in
            tale.publish("m1", told: .refused)
            tale.subscribe("p0.c1")
            tale.receive("p0.c1", "m1")
        },
        BadHistory(
            "a message comes from another place than it went to", .origin,
            "m1 came from queue orders, though it was published to queue others alone",
            shownBy: [
                "0s p0 publishes to queue others m1", "1ms p0 was confirmed m1", "3ms p0.c1 received, attempt 1, m1",
            ]
        ) { tale in
            tale.publish("m1", to: .queue("others"))
            tale.subscribe("p0.c1")
            tale.receive("p0.c1", "m1")
        },
        BadHistory(
            "the only reader gets two of a key the wrong way round", .order,
            "m2 of k came from queue orders to p0.c1 before m1, though m1 was published before it, by the same publisher",
            shownBy: [
                "0s p0 publishes to queue orders m1", "1ms p0 was confirmed m1", "2ms p0 publishes to queue orders m2",
                "3ms p0 was confirmed m2", "5ms p0.c1 received, attempt 1, m2", "6ms p0.c1 received, attempt 1, m1",
            ]
        ) { tale in
            tale.publish("m1", key: "k")
            tale.publish("m2", key: "k")
            tale.subscribe("p0.c1")
            tale.receive("p0.c1", "m2")
            tale.receive("p0.c1", "m1")
        },
        BadHistory(
            "an ordered key goes to a second member while the first holds it", .order,
            "m2 of k came from stream log (group g) to p1.c1 while another consumer had not settled m1, though m1 was "
                + "published before it, by the same publisher",
            shownBy: [
                "1ms p0 publishes to stream log m1, m2", "2ms p0 was confirmed m1, m2",
                "5ms p0.c1 received, attempt 1, m1", "6ms p1.c1 received, attempt 1, m2",
            ]
        ) { tale in
            tale.declare(Tale.log, groups: ["g"]) { $0.order = .perKey }
            tale.publish("m1", "m2", to: Tale.log, key: "k")
            tale.subscribe("p0.c1", to: Tale.log, group: "g")
            tale.subscribe("p1.c1", to: Tale.log, group: "g")
            tale.receive("p0.c1", "m1")
            tale.receive("p1.c1", "m2")
        },
    ]

    private static let oneOrder: [BadHistory] = [
        BadHistory(
            "where all keep one order a message of another key comes first", .order,
            "m2 of no key came from stream log (group g) to p0.c1 before m1, though m1 was published before it, by the "
                + "same publisher",
            shownBy: [
                "1ms p0 publishes to stream log m1", "2ms p0 was confirmed m1", "3ms p0 publishes to stream log m2",
                "4ms p0 was confirmed m2", "6ms p0.c1 received, attempt 1, m2", "7ms p0.c1 received, attempt 1, m1",
            ]
        ) { tale in
            tale.declare(Tale.log, groups: ["g"]) { $0.order = .all }
            tale.publish("m1", to: Tale.log, key: "a")
            tale.publish("m2", to: Tale.log)
            tale.subscribe("p0.c1", to: Tale.log, group: "g")
            tale.receive("p0.c1", "m2")
            tale.receive("p0.c1", "m1")
        }
    ]

    private static let settlements: [BadHistory] = [
        BadHistory(
            "what was accepted comes again", .duplication,
            "m1 came again from queue orders, though it was settled as accept and nothing has failed since",
            shownBy: [
                "3ms p0.c1 received, attempt 1, m1", "4ms p0.c1 settles as accept m1",
                "5ms p0.c1 was answered settled m1",
                "6ms p0.c1 received, attempt 1, m1",
            ]
        ) { tale in
            tale.publish("m1")
            tale.subscribe("p0.c1")
            tale.receive("p0.c1", "m1")
            tale.settle("p0.c1", "m1")
            tale.receive("p0.c1", "m1")
        },
        BadHistory(
            "a crash undoes what was settled longer ago than the settle lag", .duplication,
            "m1 came again from queue orders, though it was settled as accept and nothing has failed since",
            shownBy: [
                "3ms p0.c1 received, attempt 1, m1", "4ms p0.c1 settles as accept m1",
                "5ms p0.c1 was answered settled m1",
                "56ms server is killed", "58ms p0.c1 received, attempt 2, m1",
            ]
        ) { tale in
            tale.rules.settleLag = .milliseconds(20)
            tale.publish("m1")
            tale.subscribe("p0.c1")
            tale.receive("p0.c1", "m1")
            tale.settle("p0.c1", "m1")
            tale.time.advance(by: .milliseconds(50))
            tale.fault("is killed", of: "server")
            tale.recover("server")
            tale.receive("p0.c1", "m1", attempt: 2)
        },
        BadHistory(
            "a retry in one group comes to another that had accepted it", .groups,
            "m1 came again from stream log (group b), though it was settled as accept and nothing has failed since; "
                + "stream log (group a) has settled it meanwhile, as retry after 0s",
            shownBy: [
                "5ms p0.c2 received, attempt 1, m1", "6ms p0.c1 received, attempt 1, m1",
                "7ms p0.c2 settles as accept m1",
                "8ms p0.c2 was answered settled m1", "9ms p0.c1 settles as retry after 0s m1",
                "10ms p0.c1 was answered settled m1", "11ms p0.c2 received, attempt 1, m1",
            ]
        ) { tale in
            twoGroups(tale)
            tale.receive("p0.c2", "m1")
            tale.receive("p0.c1", "m1")
            tale.settle("p0.c2", "m1")
            tale.settle("p0.c1", "m1", .retry(after: .zero, failure: nil))
            tale.receive("p0.c2", "m1")
        },
        BadHistory(
            "an accept in one group takes the message from another", .groups,
            "m1 is not in stream log (group b) any more: it was confirmed, and nobody has settled it; stream log (group a) "
                + "has settled it meanwhile, as accept",
            shownBy: [
                "1ms p0 publishes to stream log m1", "2ms p0 was confirmed m1", "5ms p0.c1 received, attempt 1, m1",
                "6ms p0.c1 settles as accept m1", "7ms p0.c1 was answered settled m1",
                "8ms p9 reads what is left in stream log (group b)",
            ]
        ) { tale in
            twoGroups(tale)
            tale.receive("p0.c1", "m1")
            tale.settle("p0.c1", "m1")
            tale.drain([], from: Tale.log, group: "b")
        },
        BadHistory(
            "a second settlement is answered settled", .settlement,
            "release of m1 by p0.c1 was answered settled, though its receipt had been settled before, as accept",
            shownBy: [
                "3ms p0.c1 received, attempt 1, m1", "4ms p0.c1 settles as accept m1",
                "5ms p0.c1 was answered settled m1",
                "6ms p0.c1 settles as release m1", "7ms p0.c1 was answered settled m1",
            ]
        ) { tale in
            tale.publish("m1")
            tale.subscribe("p0.c1")
            tale.receive("p0.c1", "m1")
            tale.settle("p0.c1", "m1")
            tale.settle("p0.c1", "m1", .release)
        },
        BadHistory(
            "a cancelled consumer settles", .settlement,
            "accept of m1 by p0.c1 was answered settled, though p0.c1 had been cancelled",
            shownBy: [
                "3ms p0.c1 received, attempt 1, m1", "4ms p0.c1 is cancelled: done", "5ms p0.c1 settles as accept m1",
                "6ms p0.c1 was answered settled m1",
            ]
        ) { tale in
            tale.publish("m1")
            tale.subscribe("p0.c1")
            tale.receive("p0.c1", "m1")
            tale.add("p0.c1", .leaves(.cancel, isDone: true))
            tale.settle("p0.c1", "m1")
        },
        BadHistory(
            "a receipt is settled after another consumer was handed the message", .settlement,
            "accept of m1 by p0.c1 was answered settled, though it had come again, to p1.c1",
            shownBy: [
                "4ms p0.c1 received, attempt 1, m1", "5ms p1.c1 received, attempt 1, m1",
                "6ms p0.c1 settles as accept m1", "7ms p0.c1 was answered settled m1",
            ]
        ) { tale in
            tale.publish("m1")
            tale.subscribe("p0.c1")
            tale.subscribe("p1.c1")
            tale.receive("p0.c1", "m1")
            tale.receive("p1.c1", "m1")
            tale.settle("p0.c1", "m1")
        },
        BadHistory(
            "a stale accept removes the message", .settlement,
            "m1 is not in queue orders any more: it was confirmed, and nobody has settled it; accept was answered stale "
                + "before that",
            shownBy: [
                "1ms p0 publishes to queue orders m1", "2ms p0 was confirmed m1", "4ms p0.c1 received, attempt 1, m1",
                "6ms p0.c1 settles as accept m1", "7ms p0.c1 was answered stale m1",
                "8ms p9 reads what is left in queue orders",
            ]
        ) { tale in
            tale.declare(Tale.orders)
            tale.publish("m1")
            tale.subscribe("p0.c1")
            tale.receive("p0.c1", "m1")
            tale.add("p0.c1", .leaves(.cancel, isDone: true))
            tale.settle("p0.c1", "m1", .accept, .stale)
            tale.drain([])
        },
        BadHistory(
            "a stale forward publishes", .settlement,
            "copy came from queue others, though what forwards it was answered stale",
            shownBy: [
                "6ms p0.c1 settles as forward of 1 copy", "7ms p0.c1 was answered stale",
                "9ms p1.c1 received, attempt 1, copy",
            ]
        ) { tale in
            tale.publish("m1")
            tale.subscribe("p0.c1")
            tale.receive("p0.c1", "m1")
            tale.settle("p0.c1", "m1")
            tale.settle("p0.c1", "m1", .forward([Outgoing(tale.message("copy"), to: .queue("others"))]), .stale)
            tale.subscribe("p1.c1", to: .queue("others"))
            tale.receive("p1.c1", "copy")
        },
    ]

    private static let runs: [BadHistory] = [
        BadHistory(
            "the first run is not the first", .attempts, "m1 came from queue orders as attempt 2 at first, not as 1",
            shownBy: [
                "0s p0 publishes to queue orders m1", "1ms p0 was confirmed m1", "3ms p0.c1 received, attempt 2, m1",
            ]
        ) { tale in
            tale.publish("m1")
            tale.subscribe("p0.c1")
            tale.receive("p0.c1", "m1", attempt: 2)
        },
        BadHistory(
            "a retry counts twice", .attempts,
            "m1 came from queue orders as attempt 3 after attempt 1, settled as retry after 0s, not as 2",
            shownBy: [
                "3ms p0.c1 received, attempt 1, m1", "4ms p0.c1 settles as retry after 0s m1",
                "5ms p0.c1 was answered settled m1", "6ms p0.c1 received, attempt 3, m1",
            ]
        ) { tale in
            tale.publish("m1")
            tale.subscribe("p0.c1")
            tale.receive("p0.c1", "m1")
            tale.settle("p0.c1", "m1", .retry(after: .zero, failure: nil))
            tale.receive("p0.c1", "m1", attempt: 3)
        },
        BadHistory(
            "a release counts, though the broker says that it does not", .attempts,
            "m1 came from queue orders as attempt 2 after attempt 1, settled as release, not as 1",
            shownBy: [
                "3ms p0.c1 received, attempt 1, m1", "4ms p0.c1 settles as release m1",
                "5ms p0.c1 was answered settled m1",
                "6ms p0.c1 received, attempt 2, m1",
            ]
        ) { tale in
            tale.publish("m1")
            tale.subscribe("p0.c1")
            tale.receive("p0.c1", "m1")
            tale.settle("p0.c1", "m1", .release)
            tale.receive("p0.c1", "m1", attempt: 2)
        },
        BadHistory(
            "a killed process does not count, though the broker says that it does", .attempts,
            "m1 came from queue orders as attempt 1 after attempt 1, not as 2",
            shownBy: [
                "3ms p1.c1 received, attempt 1, m1", "4ms p1 is killed", "7ms p0.c1 received, attempt 1, m1",
            ]
        ) { tale in
            tale.publish("m1")
            tale.subscribe("p1.c1")
            tale.receive("p1.c1", "m1")
            tale.fault("is killed", of: "p1")
            tale.recover("p1", "is gone")
            tale.subscribe("p0.c1")
            tale.receive("p0.c1", "m1")
        },
    ]

    /// `m1` in a stream that two groups read: a by p0.c1, b by p0.c2.
    static func twoGroups(_ tale: Tale) {
        tale.declare(Tale.log, groups: ["a", "b"])
        tale.publish("m1", to: Tale.log)
        tale.subscribe("p0.c1", to: Tale.log, group: "a")
        tale.subscribe("p0.c2", to: Tale.log, group: "b")
    }
}
