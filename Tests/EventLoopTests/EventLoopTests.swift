#if EventLoop
    import EventLoop
    import Glibc
    import Messaging
    import MessagingTesting
    import Testing

    @Suite("Event loop", .timeLimit(.minutes(5))) struct EventLoopTests {
        private actor Counter {
            nonisolated let loop: EventLoop
            nonisolated var unownedExecutor: UnownedSerialExecutor { loop.asUnownedSerialExecutor() }
            private(set) var count = 0

            init(on loop: EventLoop) { self.loop = loop }

            func add() -> Bool {
                count += 1
                return loop.isCurrent
            }
        }

        @Test("Making a loop starts no thread; the first work does, and close ends it") func threads() async throws {
            let loop = EventLoop("loop-threads")
            #expect(System.threads(named: "loop-threads") == 0)
            #expect(await Counter(on: loop).add())
            #expect(System.threads(named: "loop-threads") == 1)
            await loop.close()
            try await SystemTime.shared.until("the thread has ended") { System.threads(named: "loop-threads") == 0 }
        }

        @Test("Letting go of a loop ends its thread") func lettingGo() async throws {
            do {
                let loop = EventLoop("loop-let-go")
                #expect(await Counter(on: loop).add())
            }
            try await SystemTime.shared.until("the thread has ended") { System.threads(named: "loop-let-go") == 0 }
        }

        @Test("An actor on a loop runs there alone, and loses no call of many tasks") func executor() async throws {
            let loop = EventLoop("loop-actor")
            let counter = Counter(on: loop)
            let inside = await withTaskGroup { group in
                for _ in 0..<1_000 { group.addTask { await counter.add() } }
                return await group.reduce(true) { $0 && $1 }
            }
            #expect(inside)
            #expect(await counter.count == 1_000)
            #expect(!loop.isCurrent)
            await loop.close()
        }

        @Test("Work that comes after close runs nevertheless") func late() async throws {
            let loop = EventLoop("loop-late")
            let counter = Counter(on: loop)
            _ = await counter.add()
            await loop.close()
            await loop.close()
            for _ in 0..<100 { #expect(await counter.add()) }
            #expect(await counter.count == 101)
            try await SystemTime.shared.until("the thread has ended") { System.threads(named: "loop-late") == 0 }
        }

        @Test("Closing a loop from an actor that runs on it ends the call") func closeFromWithin() async throws {
            actor Closer {
                nonisolated let loop: EventLoop
                nonisolated var unownedExecutor: UnownedSerialExecutor { loop.asUnownedSerialExecutor() }
                init(_ loop: EventLoop) { self.loop = loop }
                func close() async -> Bool {
                    await loop.close()
                    return loop.isCurrent
                }
            }
            let closer = Closer(EventLoop("loop-within"))
            #expect(try await SystemTime.shared.bounded("close", within: .seconds(30)) { await closer.close() })
        }

        @Test("Actions run in the order in which they were given") func order() async throws {
            let loop = EventLoop("loop-order")
            let seen = Observed<[Int]>([])
            for number in 0..<500 { loop.perform { seen.change { $0.append(number) } } }
            let all = await seen.first(within: .seconds(30)) { $0.count == 500 }
            #expect(all == Array(0..<500))
            await loop.close()
        }

        @Test("A timer calls once, not before its time") func timer() async throws {
            let loop = EventLoop("loop-timer")
            let seen = Observed<[Occasion]>([])
            let start = ContinuousClock.now
            let timer = loop.timer(after: .milliseconds(50)) { occasion in seen.change { $0.append(occasion) } }
            #expect(await seen.first(within: .seconds(30)) { !$0.isEmpty } == [.time])
            #expect(ContinuousClock.now - start >= .milliseconds(49))
            await loop.close()
            #expect(seen.value == [.time])
            timer.cancel()
        }

        @Test("An event that was cancelled or let go calls no more; one that is left hears of the end") func cancelled()
            async throws
        {
            let loop = EventLoop("loop-cancel")
            let seen = Observed<[String]>([])
            // On the loop itself no timer rings before this is done.
            loop.perform {
                let gone = loop.timer(after: .milliseconds(1)) { _ in seen.change { $0.append("gone") } }
                loop.perform { gone.cancel() }
                _ = loop.timer(after: .milliseconds(1)) { _ in seen.change { $0.append("let go") } }
            }
            let later = loop.timer(after: .milliseconds(50)) { _ in seen.change { $0.append("later") } }
            let left = loop.timer(after: .seconds(3_600)) { occasion in
                seen.change { $0.append(occasion == .end ? "end" : "wrong") }
            }
            #expect(await seen.first(within: .seconds(30)) { !$0.isEmpty } == ["later"])
            await loop.close()
            #expect(seen.value == ["later", "end"])
            withExtendedLifetime((later, left)) {}
        }

        @Test("A timer on a loop that is closed hears of the end at once") func timerAfterClose() async throws {
            let loop = EventLoop("loop-closed")
            await loop.close()
            let seen = Observed<[Occasion]>([])
            let timer = loop.timer(after: .seconds(3_600)) { occasion in seen.change { $0.append(occasion) } }
            #expect(await seen.first(within: .seconds(30)) { !$0.isEmpty } == [.end])
            timer.cancel()
        }

        @Test("A descriptor that can be read from calls, again and again") func watch() async throws {
            let loop = EventLoop("loop-watch")
            let ends = try PipeEnds()
            let seen = Observed(0)
            let event = loop.watch(ends.reading, for: .readable) { occasion in
                var byte: UInt8 = 0
                if occasion == .readable, read(ends.reading, &byte, 1) == 1 { seen.change { $0 += 1 } }
            }
            for number in 1...10 {
                _ = write(ends.writing, "x", 1)
                #expect(await seen.first(within: .seconds(30)) { $0 == number } == number)
            }
            event.cancel()
            await loop.close()
            close(ends.reading)
            close(ends.writing)
        }

        @Test("200 loops leave no thread and no descriptor") func leaks() async {
            await OwnThreads.run {
                _ = await #expect(processExitsWith: .success) {
                    try await ProcessUse.leavesNothing {
                        let loop = EventLoop("loop-leak")
                        let timer = loop.timer(after: .seconds(3_600)) { _ in }
                        _ = await Counter(on: loop).add()
                        await loop.close()
                        timer.cancel()
                    }
                }
            }
        }
    }
#endif
