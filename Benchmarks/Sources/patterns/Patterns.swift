import Dispatch
import Idle
import Messaging
import MessagingHub

/// What finding the route of a topic takes among many patterns.
///
/// `patterns [count] [look-ups]`. Makes a hub of so many routes, each of a pattern with wildcards, and asks it so often for
/// the route of one of 1,000 topics, of each in turn. Prints the nanoseconds of a look-up.
@main struct Patterns {
    static func main() {
        let arguments = CommandLine.arguments.dropFirst().compactMap { Int($0) }
        let (count, lookups) = (arguments.first ?? 10_000, arguments.count > 1 ? arguments[1] : 1_000_000)
        let done = DispatchSemaphore(value: 0)
        Task.detached {
            do { try await run(max(1, count), max(1, lookups)) } catch { print("patterns: \(error)") }
            done.signal()
        }
        done.wait()
    }

    private static func run(_ count: Int, _ lookups: Int) async throws {
        var configuration = HubConfiguration(brokers: ["idle": BrokerConfiguration("idle")], routes: [:])
        for number in 0..<count {
            let pattern = try TopicPattern("shop\(number % 100).orders\(number).*.#", style: .amqp)
            configuration.routes[RouteName("route-\(number)")] = RouteConfiguration(pattern, to: "idle", as: .pubSub)
        }
        let broker = IdleBroker(count: 0, message: Message("x"))
        let environment = HubEnvironment(log: NoLog())
        try await withHub(configuration, brokers: [broker.factory], environment: environment) { hub in
            let topics = try (0..<1000).map { index in
                let number = index * max(1, count / 1000) % count
                return try Topic("shop\(number % 100).orders\(number).new.t\(index)")
            }
            let clock = ContinuousClock()
            let (began, limit) = (clock.now, lookups)
            var found = 0
            for number in 0..<limit where hub.route(of: topics[number % topics.count]) != nil { found += 1 }
            let taken = (clock.now - began).components
            let nanoseconds = Double(taken.seconds) * 1e9 + Double(taken.attoseconds) / 1e9
            guard found == limit else { return print("patterns: \(limit - found) topics had no route") }
            print("\(count) patterns: \(Int(nanoseconds / Double(limit))) ns a look-up")
        }
    }
}
