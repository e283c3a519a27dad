import InMemoryBroker
import Messaging
import MessagingTesting
import Testing

@testable import MessagingHub

/// One worker goes on alone while runs are quick; it is not alone for long when one is not.
@Suite(.timeLimit(.minutes(1))) struct SharedIntakeTests {
    private let broker = InMemoryBroker()
    private let queue = Destination.queue("orders")
    /// How quick a run is, is not left to the machine.
    private let time = VirtualTime()

    /// An intake of two workers, of which the first has worked off 8 and 16 deliveries.
    private func intake(briskRun: Duration) async throws -> SharedIntake {
        try await broker.connect { _ in }
        try await broker.declare([DestinationDeclaration(queue)])
        let consumer = try await broker.subscribe(Subscription(queue))
        let reception = Reception(consumer: consumer, time: time, counted: { _ in }, ended: { _ in })
        let intake = SharedIntake(reception, workers: 8, briskRun: briskRun)
        for expected in [8, 16] {
            try await publish(expected)
            let batch = try #require(await intake.next(for: 0))
            #expect(batch.count == expected)
            #expect(batch.claimRest().count == expected)
        }
        return intake
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

    @Test func aQuickWorkerIsLeftAloneUntilAReviewFindsItWithTheSameAgain() async throws {
        let intake = try await intake(briskRun: .seconds(10))
        try await receiveBesideAnother(intake) { _ in
            #expect(intake.isBrisk)
            intake.review()
            #expect(intake.waiting.parked == 1)
            intake.review()
            #expect(!intake.isBrisk)
            try await eventually("the second is woken") { intake.waiting.parked == 0 }
        }
    }

    @Test func aQuickWorkerThatLeavesWakesAnother() async throws {
        let intake = try await intake(briskRun: .seconds(10))
        try await receiveBesideAnother(intake) { _ in
            #expect(intake.waiting.parked == 1)
            intake.leave(0)
            try await eventually("the second is woken") { intake.waiting.parked == 0 }
        }
    }

    @Test func aSlowWorkerIsNotLeftAlone() async throws {
        let intake = try await intake(briskRun: .zero)
        try await receiveBesideAnother(intake) { _ in
            #expect(!intake.isBrisk)
            try await eventually("the second is woken") { intake.waiting.parked == 0 }
        }
    }
}
