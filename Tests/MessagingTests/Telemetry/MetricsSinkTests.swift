import Messaging
import Testing

@Suite struct MetricsSinkTests {
    @Test func aSinkHandsOutInstruments() {
        let sink = Sums()
        let sent = sink.instrument(
            InstrumentDescription(
                .counter, "messaging.client.sent.messages", unit: "{message}", labels: ["broker": "main"]))
        sent.record(1)
        sent.record(2)
        #expect(sink.sum.withLock { $0 } == 3)
        #expect(sink.described.withLock { $0 }.map(\.unit) == ["{message}"])
    }

    @Test func descriptionsOfOneInstrumentAreEqual() {
        let one = InstrumentDescription(.histogram, "a", unit: "s", labels: ["x": "1", "y": "2"])
        #expect(one == InstrumentDescription(.histogram, "a", unit: "s", labels: ["y": "2", "x": "1"]))
        #expect(one != InstrumentDescription(.gauge, "a", unit: "s", labels: ["x": "1", "y": "2"]))
    }

    private final class Sums: MetricsSink, Instrument {
        let sum = Lock(0.0)
        let described = Lock([InstrumentDescription]())

        func instrument(_ description: InstrumentDescription) -> any Instrument {
            described.withLock { $0.append(description) }
            return self
        }

        func record(_ value: Double) { sum.withLock { $0 += value } }
    }
}
