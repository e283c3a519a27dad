import Messaging
import MessagingTesting
import Synchronization
import Testing

@testable import MessagingHub

@Suite(.timeLimit(.minutes(5))) struct SinkQueueTests {
    private func settings(_ capacity: Int) -> SinkSettings {
        var settings = SinkSettings()
        settings.capacity = capacity
        return settings
    }

    /// Hands over what waits.
    private func emptied(_ drain: (Signal) async -> Void) async {
        let end = Signal()
        end.fire()
        await drain(end)
    }

    @Test func whatFindsItFullIsCountedAndReportedOnce() async {
        let (taken, reports) = (Recorder<Int>(), Recorder<Int>())
        let queue = SinkQueue<Int>(settings(8), report: { reports.add($0) }, deliver: { taken.add($0) })
        for number in 0..<20 { queue.put(number) }
        #expect(queue.lostCount == 12 && taken.count == 0)
        await emptied { await queue.drain(until: $0) }
        #expect(taken.all == Array(0..<8) && reports.all == [12] && queue.lostCount == 12)
        await emptied { await queue.drain(until: $0) }
        #expect(reports.all == [12])
    }

    @Test func whatIsLeftAtTheEndOfAHangingSinkIsLostAndCounted() async {
        let (taken, reports) = (Recorder<Int>(), Recorder<Int>())
        let queue = SinkQueue<Int>(settings(100), report: { reports.add($0) }) { number in
            taken.add(number)
            let end = ContinuousClock.now + .milliseconds(30)
            while ContinuousClock.now < end {}
        }
        for number in 0..<100 { queue.put(number) }
        await emptied { await queue.drain(until: $0, grace: .milliseconds(60)) }
        #expect((1...3).contains(taken.count))
        #expect(reports.all == [100 - taken.count] && queue.lostCount == 100 - taken.count)
    }

    @Test func aLossIsReportedWhileTheSinkIsStillBusy() async {
        let (taken, reports) = (Recorder<Int>(), Recorder<Int>())
        let queue = SinkQueue<Int>(
            settings(1000), report: { _ in reports.add(taken.count) }, deliver: { taken.add($0) })
        for number in 0..<1001 { queue.put(number) }
        let end = Signal()
        async let drained: Void = queue.drain(until: end)
        while taken.count < 1000 { await Task.yield() }
        end.fire()
        queue.wake()
        await drained
        #expect(reports.all == [256])
    }

    private final class Sums: MetricsSink, Instrument {
        let asked = Recorder<String>()
        let values = Recorder<Double>()
        func instrument(_ description: InstrumentDescription) -> any Instrument {
            asked.add(description.name)
            return self
        }
        func record(_ value: Double) { values.add(value) }
    }

    @Test func aCounterLosesNothingAndAGaugeGivesItsLastValue() async {
        let (sums, reports) = (Sums(), Recorder<Int>())
        let metrics = BufferedMetrics(sums, settings(4)) { reports.add($0) }
        let counter = metrics.instrument(InstrumentDescription(.counter, "c", unit: "1"))
        let gauge = metrics.instrument(InstrumentDescription(.gauge, "g", unit: "1"))
        let histogram = metrics.instrument(InstrumentDescription(.histogram, "h", unit: "s"))
        for number in 1...100 { histogram.record(Double(number) / 1000) }
        for number in 1...100 {
            counter.record(2)
            gauge.record(Double(number))
        }
        for number in [-1, .nan, .infinity, 0] as [Double] { counter.record(number) }
        #expect(sums.asked.count == 0)
        await emptied { await metrics.drain(until: $0) }
        #expect(sums.values.all == [0.001, 0.002, 0.003, 0.004, 200, 100])
        #expect(reports.all == [96] && metrics.lostCount == 96)
        #expect(Set(sums.asked.all) == ["c", "g", "h"] && sums.asked.count == 3)
        counter.record(5)
        await emptied { await metrics.drain(until: $0) }
        #expect(sums.values.all.last == 5)
    }

    @Test func aCounterOfManyThreadsIsExact() async {
        let sums = Sums()
        let metrics = BufferedMetrics(sums, settings(4)) { _ in }
        let counter = metrics.instrument(InstrumentDescription(.counter, "c", unit: "1"))
        let end = Signal()
        async let drained: Void = metrics.drain(until: end)
        await withTaskGroup { group in
            for _ in 0..<4 { group.addTask { for _ in 0..<10_000 { counter.record(1) } } }
        }
        end.fire()
        metrics.wake()
        await drained
        #expect(sums.values.all.reduce(0, +) == 40_000)
    }
}
