import Messaging
import MessagingTesting
import Testing

@Suite("A handler that records") struct RecordingHandlerTests {
    private struct Fault: Error {}

    @Test func runsAreRecordedWithAttemptAndTime() async throws {
        let time = VirtualTime()
        let handler = RecordingHandler(on: time)
        let message = Message("one")
        try await handler.handle(Delivery(message: message, receipt: Receipt(sequence: 1)))
        time.advance(by: .seconds(7))
        try await handler.handle(Delivery(message: message, attempt: 2, receipt: Receipt(sequence: 2)))
        #expect(handler.runs(of: message.id).map(\.attempt) == [1, 2])
        #expect(handler.handled.map(\.time) == [.zero, .seconds(7)])
        #expect(await handler.waits(for: 2, within: .zero))
    }

    @Test func aRunThatFailsIsRecordedToo() async {
        let handler = RecordingHandler { _ in throw Fault() }
        await #expect(throws: Fault.self) {
            try await handler.handle(Delivery(message: Message("one"), receipt: Receipt(sequence: 1)))
        }
        #expect(handler.handled.count == 1)
    }

    @Test func aWaitForMoreRunsThanComeEnds() async throws {
        let time = VirtualTime()
        let handler = RecordingHandler(on: time)
        async let waited = handler.waits(for: 1, within: .seconds(3))
        #expect(await time.waits(forAlarms: 1, within: .seconds(10)))
        time.advance(by: .seconds(3))
        #expect(await waited == false)
    }
}
