import Messaging
import MessagingTesting
import Testing

@Suite(.timeLimit(.minutes(1))) struct TimeSourceTests {
    @Test func alarmsComeOutInOrderOfTimeThenOfSetting() {
        var queue = AlarmQueue()
        let rung = Lock([Int]())
        for (number, second) in [3, 1, 2, 1, 3].enumerated() {
            _ = queue.add(at: .seconds(second)) { rung.withLock { $0.append(number) } }
        }
        #expect(queue.next() == .seconds(1))
        while let due = queue.popDue(at: .seconds(2)) { due.action() }
        #expect(rung.withLock { $0 } == [1, 3, 2])
        #expect(queue.next() == .seconds(3))
        while let due = queue.popDue(at: .seconds(3)) { due.action() }
        #expect(rung.withLock { $0 } == [1, 3, 2, 0, 4])
        #expect(queue.next() == nil)
        #expect(queue.popDue(at: .seconds(9)) == nil)
    }

    @Test func removedAlarmsAreGone() {
        var queue = AlarmQueue()
        let first = queue.add(at: .seconds(1)) {}
        let second = queue.add(at: .seconds(2)) {}
        queue.remove(first)
        queue.remove(first)
        #expect(queue.next() == .seconds(2))
        queue.remove(second)
        #expect(queue.next() == nil)
    }

    /// The model: a sorted array of what was added and not removed.
    @Test(arguments: 0..<20 as Range<UInt64>) func behavesAsASortedArray(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        var queue = AlarmQueue()
        var model: [(moment: Duration, alarm: Alarm)] = []
        for _ in 0..<2000 {
            switch Int.random(in: 0..<10, using: &random) {
            case 0..<5:
                let moment = Duration.milliseconds(Int.random(in: 0..<100, using: &random))
                let alarm = queue.add(at: moment) {}
                model.insert((moment, alarm), at: model.firstIndex { $0.moment > moment } ?? model.count)
            case 5..<9:
                guard let index = model.indices.randomElement(using: &random) else { continue }
                queue.remove(model.remove(at: index).alarm)
            default:
                let now = Duration.milliseconds(Int.random(in: 0..<30, using: &random))
                while let due = queue.popDue(at: now) { #expect(model.removeFirst().moment == due.moment) }
                #expect(model.first.map { $0.moment > now } ?? true)
            }
            #expect(queue.next() == model.first?.moment)
        }
    }

    @Test func sleepingWaitsForTheClock() async throws {
        let time = VirtualTime()
        async let sleeping: Void = time.sleep(for: .seconds(60))
        while time.nextAlarm == nil { await Task.yield() }
        time.advance(by: .seconds(60))
        try await sleeping
    }

    @Test func aCancelledSleepThrows() async {
        let time = VirtualTime()
        await withTaskGroup(of: Bool.self) { group in
            group.addTask {
                do { try await time.sleep(for: .seconds(60)) } catch { return error is CancellationError }
                return false
            }
            group.cancelAll()
            #expect(await group.next() == true)
        }
    }
}
