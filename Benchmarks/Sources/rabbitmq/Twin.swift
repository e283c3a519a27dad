import CRabbitMQTwin
import Glibc

/// A run of the twin: each connection on a thread of its own that blocks.
struct Twin: Sendable {
    private let run: Run
    private let counter: Int32

    init(_ run: Run, _ counter: Int32) {
        self.run = run
        self.counter = counter
    }

    func outcome() async throws -> Outcome {
        try Run.queue.topic.name.withCString { queue in
            try "127.0.0.1".withCString { host in
                let order = twin_order(
                    host: host, port: Int32(run.port), queue: queue, bytes: run.bytes, count: run.count,
                    confirms: run.work == .unconfirmed ? 0 : 1, window: Int32(Run.window))
                return try outcome(of: order)
            }
        }
    }

    private func outcome(of order: twin_order) throws -> Outcome {
        var order = order
        let publisher = run.work == .consume ? nil : twin_publisher(&order)
        let consumes = [.consume, .both, .roundtrip].contains(run.work)
        let consumer = consumes ? twin_consumer(&order) : nil
        defer {
            twin_end(publisher)
            twin_end(consumer)
        }
        guard publisher != nil || run.work == .consume, consumer != nil || !consumes else {
            throw Failure("the twin has no connection")
        }
        var nanoseconds: [Int64] = []
        let start = Outcome.now(counter)
        let status: Int32
        switch run.work {
        case .publish, .single, .unconfirmed: status = twin_publish(publisher)
        case .consume: status = twin_consume(consumer)
        case .both: status = together(consumer) { twin_publish(publisher) }
        case .roundtrip:
            nanoseconds = Array(repeating: 0, count: run.count)
            status = twin_round_trips(publisher, consumer, &nanoseconds)
        }
        if status != 0 { throw Failure("the twin has failed") }
        var outcome = Outcome.now(counter) - start
        outcome.nanoseconds = nanoseconds
        return outcome
    }

    /// Two at once: the consumer's work on another thread.
    private func together(_ consumer: OpaquePointer?, _ mine: () -> Int32) -> Int32 {
        var thread = pthread_t()
        let other = Other(consumer)
        let isThere = pthread_create(
            &thread, nil,
            { context in
                guard let context else { return nil }
                let other = Unmanaged<Other>.fromOpaque(context).takeUnretainedValue()
                other.status = twin_consume(other.consumer)
                return nil
            }, Unmanaged.passUnretained(other).toOpaque())
        guard isThere == 0 else { return -1 }
        let status = mine()
        pthread_join(thread, nil)
        return status == 0 ? other.status : status
    }
}

/// What the other thread consumes from, and how that went. Read once it has ended.
private final class Other {
    let consumer: OpaquePointer?
    var status: Int32 = -1

    init(_ consumer: OpaquePointer?) { self.consumer = consumer }
}
