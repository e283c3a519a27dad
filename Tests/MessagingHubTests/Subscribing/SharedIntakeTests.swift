import InMemoryBroker
import Messaging
import MessagingTesting
import Testing

@testable import MessagingHub

/// Workers that receive for each other.
@Suite(.timeLimit(.minutes(1))) struct SharedIntakeTests {
    private let broker = InMemoryBroker()
    private let queue = Destination.queue("orders")
    private let time = VirtualTime()

    /// An intake of two workers, of which the first has worked off 8 and 16 deliveries.
    private func intake() async throws -> SharedIntake {
        let intake = SharedIntake(try await reception(), workers: 8)
        for expected in [8, 16] {
            try await publish(expected)
            let batch = try #require(await intake.next(for: 0))
            #expect(batch.count == expected)
            #expect(batch.claimRest().count == expected)
        }
        return intake
    }

    private func reception(_ loop: Reception.Loop? = nil) async throws -> Reception {
        try await broker.connect { _ in }
        try await broker.declare([DestinationDeclaration(queue)])
        let consumer = try await broker.subscribe(Subscription(queue))
        return Reception(consumer: consumer, time: time, counted: { _ in }, ended: { _ in }, loop: loop)
    }

    private func publish(_ count: Int) async throws {
        try await broker.publish((0..<count).map { Message(Body("\($0)")) }, to: queue)
    }

    /// The first worker receives while the second waits; then there is something.
    private func receiveBesideAnother(
        _ intake: SharedIntake, then: @escaping @Sendable (Batch) async throws -> Void
    ) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                let batch = try #require(await intake.next(for: 0))
                try await then(batch)
            }
            try await eventually("the first receives") { intake.waiting.isReceiving }
            group.addTask { _ = try #require(await intake.next(for: 1)) }
            try await eventually("the second waits") { intake.waiting.parked == 1 }
            try await publish(32)
            try await group.waitForAll()
        }
    }

    @Test func whoHasReceivedWakesAnother() async throws {
        let intake = try await intake()
        try await receiveBesideAnother(intake) { _ in
            try await eventually("the second is woken") { intake.waiting.parked == 0 }
        }
    }

    @Test func whereOneLeavesThatWasOnItsWayAnotherBegins() async throws {
        let begun = Recorder<Int>()
        let loop = Reception.Loop(begin: { begun.add($0) }, rest: nil, rests: { false })
        let intake = SharedIntake(try await reception(loop), workers: 8)
        try await publish(8)
        let batch = try #require(await intake.next(for: 0))
        #expect(begun.all == [1])
        intake.leave(1)
        #expect(begun.all == [1, 2])
        #expect(batch.claimRest().count == 8)
    }
}
