import Messaging
import Testing

@Suite struct PowersTests {
    @Test func depthsKeepTheirParts() {
        let depth = DestinationDepth(waiting: 3, held: 2, consumers: 1)
        #expect(depth == DestinationDepth(waiting: 3, held: 2, consumers: 1, oldest: nil))
        #expect(depth != DestinationDepth(waiting: 3, held: 2, consumers: 1, oldest: Timestamp(milliseconds: 1)))
    }

    @Test func aBrokerHasNoPowerUnlessItSaysSo() {
        let broker = PowerlessBroker(base: RecordingBroker(name: "main"))
        #expect(broker.topology == nil)
        #expect(broker.replay == nil)
        #expect(broker.requests == nil)
    }
}
