import Dispatch
import Idle
import Messaging
import MessagingHub

/// What finding the route of a topic takes among many patterns.
///
/// `patterns [count] [topics]`. Makes a hub of so many routes, each of a pattern with a wildcard, then publishes one message to
/// each of so many topics that it has not seen: each is looked up. Prints microseconds for a topic, everything else that a
/// first publish takes among them, so the difference of two counts is the look-up's.
@main struct Patterns {
    static func main() {
        let arguments = CommandLine.arguments.dropFirst().compactMap { Int($0) }
        let (count, topics) = (arguments.first ?? 10_000, arguments.count > 1 ? arguments[1] : 20_000)
        let done = DispatchSemaphore(value: 0)
        Task.detached {
            do { try await run(count, topics) } catch { print("patterns: \(error)") }
            done.signal()
        }
        done.wait()
    }

    private static func run(_ count: Int, _ topics: Int) async throws {
        var configuration = HubConfiguration(brokers: ["idle": BrokerConfiguration("idle")], routes: [:])
        for number in 0..<count {
            let pattern = try TopicPattern("shop\(number % 100).orders\(number).*.#", style: .amqp)
            configuration.routes[RouteName("route-\(number)")] = RouteConfiguration(pattern, to: "idle", as: .pubSub)
        }
        let message = Message("x")
        let broker = IdleBroker(count: 0, message: message)
        let environment = HubEnvironment(log: NoLog())
        let clock = ContinuousClock()
        let started = clock.now
        try await withHub(configuration, brokers: [broker.factory], environment: environment) { hub in
            print("\(count) patterns: started in \((clock.now - started).inMicroseconds / 1000) ms")
            let names = try (0..<topics).map { number in
                try Topic("shop\(number % count % 100).orders\(number % count).new.t\(number)")
            }
            let began = clock.now
            for name in names { try await hub.publish(message, to: name) }
            let each = Double((clock.now - began).inMicroseconds) / Double(topics)
            print("\(count) patterns: \((each * 100).rounded() / 100) us for a topic that was not seen before")
        }
    }
}

extension Duration {
    fileprivate var inMicroseconds: Int64 {
        components.seconds * 1_000_000 + components.attoseconds / 1_000_000_000_000
    }
}
