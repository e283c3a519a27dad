import Messaging
import MessagingHub
import MessagingReliability
import MessagingTesting

extension PolicyRule {
    /// A handler that would take an hour is ended after the five seconds that its route allows, and is run again.
    static let struckInTime = PolicyRule(name: "a run is ended when its time is up, and not before") { trial in
        let time = VirtualTime()
        var fixture = trial.fixture(time)
        try fixture.route("orders") {
            $0.timeout = .seconds(5)
            $0.retry = RetryPolicy(attempts: 2, backoff: .constant, delay: .seconds(1))
        }
        try fixture.route("sentinel")
        let (begun, ended) = (Recorder<Int32>(), Recorder<Int32>())
        try await fixture.run { hub in
            // A run that nobody has ended keeps the hub from being shut down.
            defer { time.advance(by: .seconds(7200)) }
            let sentinel = try await Sentinel(in: hub, trial)
            try await hub.subscribe(to: "orders") { delivery in
                begun.add(delivery.attempt)
                if delivery.attempt > 1 { return }
                defer { ended.add(delivery.attempt) }
                try await time.sleep(for: .seconds(3600))
            }
            try await hub.publish(Message(), to: "orders")
            try await trial.eventually({ begun.count == 1 }, else: "it was not run")
            try await sentinel.pass(.milliseconds(4800), on: time)
            try trial.require(ended.count == 0, "a run that may take 5s was ended before that")
            try await trial.advancing(
                time, until: { ended.count == 1 }, else: "a run that may take 5s was never ended")
            try await trial.advancing(time, until: { begun.all == [1, 2] }, else: "it was not run again")
        }
    }
}
