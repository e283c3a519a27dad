import Foundation
import Messaging
import MessagingHub
import MessagingReliability
import MessagingTesting
import Testing

@Suite("The table of defaults in README.md") struct DefaultsTableTests {
    /// What a program gets that configures nothing, in words made of the defaults themselves, and by which scenarios it is
    /// held.
    private static let rows: [(promise: String, value: String, scenarios: [Int])] = {
        let route = RouteConfiguration(TopicPattern("orders" as Topic), to: "main", as: .queue)
        let configuration = HubConfiguration(brokers: [:], routes: [:])
        let (retry, again) = (route.retry, route.publishRetry)
        return [
            (
                "a publish returns",
                "once the broker has confirmed it; it throws after \(route.publishDeadline.optionText)", [28, 35, 100]
            ),
            (
                "a publish that fails",
                "is tried \(again.attempts) times from \(again.delay.optionText) on; "
                    + (route.acceptsDuplicates ? "one of unknown outcome too" : "one of unknown outcome is not"),
                [29, 100]
            ),
            ("a topic without a route, a destination that is gone", "an error", [31, 100]),
            ("a full destination", route.whenFull == .wait ? "publish waits" : "publish is refused", [37]),
            ("a restart of the broker", route.durable ? "what was confirmed is there" : "nothing is left", [24, 79]),
            ("a lost connection", "is made anew, for ever", [79, 86, 100]),
            (
                "where a program goes on", "where it was: its position is kept once a handler has returned",
                [1, 59, 100]
            ),
            ("at once", "\(route.concurrency) handlers, and \(route.window) deliveries held", [41, 42, 100]),
            ("the order of messages", route.order == .none ? "free, unless `order` is set" : "kept", [33, 49]),
            ("a handler may take", route.timeout?.optionText ?? "\(route.maxHold.optionText) (`max-hold`)", [12]),
            (
                "a handler that throws",
                "is run \(retry.attempts) times, from \(retry.delay.optionText) on, at most "
                    + "\(retry.maximumDelay.optionText) apart", [16, 21, 100]
            ),
            (
                "what is given up", route.deadLetter == .byDefault ? "goes to the queue `<topic>.dead`" : "stays",
                [18, 19]
            ),
            ("a shutdown", "lets handlers finish for \(configuration.grace.optionText), and gives back the rest", [77]),
        ]
    }()

    @Test("names the value of each default as it is, and the scenarios that hold it")
    func isTrue() throws {
        let page = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../../README.md")
            .standardized
        let lines = try String(contentsOf: page, encoding: .utf8).split(separator: "\n").map(String.init)
        let header = "| Without a word of configuration | | Scenarios |"
        let first = try #require(lines.firstIndex(of: header), "README.md has no line \(header)")
        let table = lines[first...].dropFirst(2).prefix { $0.hasPrefix("|") }
        let expected = Self.rows.map { row in
            "| \(row.promise) | \(row.value) | \(row.scenarios.map(String.init).joined(separator: ", ")) |"
        }
        #expect(Array(table) == expected)
    }

    @Test("names scenarios that there are")
    func scenarios() {
        let there = Set(Scenario.all.map(\.number))
        for row in Self.rows {
            #expect(!row.scenarios.isEmpty && there.isSuperset(of: row.scenarios), "\(row.promise): \(row.scenarios)")
        }
    }
}
