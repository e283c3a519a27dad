import Messaging
import MessagingHub
import MessagingReliability
import MessagingTesting

extension PolicyRule {
    /// Five failures in a row open it, and the handler is not called until the reset has passed.
    static let notCalledWhileOpen = PolicyRule(name: "an open circuit calls no handler") { trial in
        let time = VirtualTime()
        var fixture = trial.fixture(time)
        try fixture.route("orders") {
            $0.retry = RetryPolicy(attempts: 100, backoff: .constant, delay: .seconds(1))
            $0.breaker = CircuitBreakerPolicy(failures: 5, reset: .seconds(30))
        }
        try fixture.route("sentinel")
        let (runs, mended) = (Recorder<Duration>(), Recorder<Bool>())
        try await fixture.run { hub in
            let sentinel = try await Sentinel(in: hub, trial)
            try await hub.publish((0..<20).map { _ in Message() }, to: "orders")
            let orders = try await hub.subscribe(to: "orders", concurrency: 1) { _ in
                runs.add(time.uptime)
                if mended.count == 0 { throw Failing() }
            }
            try await trial.eventually({ orders.circuit == .open }, else: "\(runs.count) failures did not open it")
            try trial.require(runs.count == 5, "it opened after \(runs.count) failures, not 5")
            try await sentinel.pass(.seconds(29), on: time)
            try trial.require(
                runs.count == 5, "the handler ran \(runs.count) times while 5 failures kept the circuit open")
            try await trial.advancing(
                time, until: { runs.count == 6 }, else: "no probe came after the reset; \(runs.count) runs")
            try await trial.eventually({ orders.circuit == .open }, else: "a probe that failed did not open it anew")
            try await sentinel.pass(.seconds(25), on: time)
            try trial.require(
                runs.count == 6, "the handler ran \(runs.count) times, not 6, while the circuit was open anew")
            mended.add(true)
            try await trial.advancing(
                time, until: { runs.count > 6 && orders.circuit == .closed },
                else: "the circuit is \(orders.circuit?.rawValue ?? "") though its probe went well")
            try await trial.advancing(
                time, until: { hub.metrics().handled >= 20 && runs.count == 26 }, else: "not all was handled afterwards"
            )
        }
    }

    /// While it is open no attempt is charged: neither to what waits with the broker nor to what is held.
    static let noAttemptsSpent = PolicyRule(name: "an open circuit spends no attempts") { trial in
        let time = VirtualTime()
        var fixture = trial.fixture(time)
        try fixture.route("orders") {
            $0.retry = RetryPolicy(attempts: 4, backoff: .constant, delay: .seconds(1))
            $0.breaker = CircuitBreakerPolicy(failures: 2, reset: .seconds(30))
        }
        try fixture.route("sentinel")
        let (attempts, mended) = (Recorder<Int32>(), Recorder<Bool>())
        try await fixture.run { hub in
            let sentinel = try await Sentinel(in: hub, trial)
            let orders = try await hub.subscribe(to: "orders") {
                attempts.add($0.attempt)
                if mended.count == 0 { throw Failing() }
            }
            try await hub.publish(Message(), to: "orders")
            try await trial.advancing(time, until: { orders.circuit == .open }, else: "it did not open")
            try await sentinel.pass(.seconds(25), on: time)
            try trial.require(
                attempts.all == [1, 2], "attempts were spent while the circuit was open: \(attempts.all)")
            try await trial.advancing(time, until: { attempts.count == 3 }, else: "no probe came after the reset")
            try await sentinel.pass(.seconds(25), on: time)
            mended.add(true)
            try await trial.advancing(time, until: { hub.metrics().handled >= 1 + 16 }, else: "it was not handled")
            try trial.require(
                attempts.all == [1, 2, 3, 4] && hub.metrics().deadLettered == 0, "attempts were \(attempts.all)")
        }
    }

    /// A success between failures begins the count anew.
    static let inARow = PolicyRule(name: "only failures in a row open a circuit") { trial in
        var fixture = trial.fixture(VirtualTime())
        try fixture.route("orders") {
            $0.retry = RetryPolicy(attempts: 1)
            $0.breaker = CircuitBreakerPolicy(failures: 3)
        }
        let runs = Recorder<Bool>()
        try await fixture.run { hub in
            let orders = try await hub.subscribe(to: "orders", concurrency: 1) { _ in
                if !runs.add(true).isMultiple(of: 3) { throw Failing() }
            }
            try await hub.publish((0..<30).map { _ in Message() }, to: "orders")
            try await trial.eventually(
                { runs.count == 30 }, else: "two failures in a row opened it after \(runs.count) runs")
            try trial.require(orders.circuit == .closed, "two failures in a row opened it")
        }
    }

    /// Half open, so many run at once as there are probes, and no more.
    static let statedProbes = PolicyRule(name: "a half-open circuit lets its probes through and no more") { trial in
        let time = VirtualTime()
        var fixture = trial.fixture(time)
        try fixture.route("orders") {
            $0.retry = RetryPolicy(attempts: 100, backoff: .constant, delay: .milliseconds(1))
            $0.breaker = CircuitBreakerPolicy(failures: 1, reset: .seconds(10), probes: 3)
        }
        try fixture.route("sentinel")
        let (begun, mended, door) = (Recorder<Bool>(), Recorder<Bool>(), Observed(false))
        try await fixture.run { hub in
            let sentinel = try await Sentinel(in: hub, trial)
            let orders = try await hub.subscribe(to: "orders", concurrency: 8) { _ in
                if mended.count == 0 { throw Failing() }
                begun.add(true)
                _ = await door.first(within: .seconds(60)) { $0 }
            }
            try await hub.publish(Message(), to: "orders")
            try await trial.eventually({ orders.circuit == .open }, else: "it did not open")
            mended.add(true)
            try await hub.publish((0..<40).map { _ in Message() }, to: "orders")
            try await trial.advancing(time, until: { begun.count >= 3 }, else: "\(begun.count) probes began, not 3")
            try await sentinel.pass(.seconds(8), on: time)
            let count = begun.count
            door.change { $0 = true }
            try trial.require(count == 3, "\(count) runs began half open, not 3")
            try await trial.advancing(
                time, until: { begun.count == 41 && orders.circuit == .closed }, else: "it did not close")
        }
    }

    /// An error that lies in the message says nothing of where it is published to.
    static let permanentErrors = PolicyRule(name: "permanent errors of publishes open no circuit") { trial in
        let broker = FakeBroker { _, messages in
            messages[0].body == "large" ? .refused(BrokerError(.tooLarge, "large"), count: messages.count) : nil
        }
        var route = RouteConfiguration(TopicPattern("orders"), to: "fake", as: .queue)
        route.publishBreaker = CircuitBreakerPolicy(failures: 3)
        let configuration = HubConfiguration(
            brokers: ["fake": BrokerConfiguration("fake")], routes: ["orders": route])
        var environment = HubEnvironment(time: VirtualTime(), log: NoLog())
        environment.policies = trial.policies
        try await withHub(configuration, brokers: [broker.factory], environment: environment) { hub in
            for _ in 0..<10 { _ = await outcome { try await hub.publish(Message("large"), to: "orders") } }
            guard case .failure(let error) = await outcome({ try await hub.publish(Message("ok"), to: "orders") })
            else { return }
            throw PolicyViolation(description: "after permanent errors a publish was refused: \(error)")
        }
    }
}
