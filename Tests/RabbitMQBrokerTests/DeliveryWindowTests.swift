#if RabbitMQ
    import Messaging
    import Testing

    @testable import RabbitMQBroker

    @Suite("What one consumer holds") struct DeliveryWindowTests {
        private var window = DeliveryWindow()
        private var lastTag: UInt64 = 0

        /// Comes and is handed out at once.
        private mutating func hands(_ count: Int, until end: Duration = .seconds(60)) -> [Receipt] {
            for _ in 0..<count {
                lastTag += 1
                window.arrive(.init(.test(lastTag, Message("one"))), at: .now)
            }
            return window.take(
                upTo: count, ofAtMost: 1 << 20, at: .now, uptime: .zero, holdingUntil: end, lease: .seconds(3_600)
            ).deliveries.map(\.receipt)
        }

        @Test mutating func aReceiptIsSettledOnce() {
            let receipt = hands(1)[0]
            #expect(window.holds(receipt))
            #expect(window.settle(receipt) == 1)
            #expect(window.settle(receipt) == nil)
            #expect(!window.holds(receipt))
            #expect(window.heldCount == 0)
            #expect(window.heldBytes == 0)
        }

        @Test mutating func theSlotOfASettledOneIsAnothersAndItsReceiptIsNot() {
            let old = hands(1)[0]
            #expect(window.settle(old) == 1)
            let new = hands(1)[0]
            #expect(new.slot == old.slot)
            #expect(window.claim(old) == nil)
            #expect(window.settle(new) == 2)
        }

        @Test mutating func whatOneSettlementHasClaimedNoOtherGets() {
            let receipt = hands(1)[0]
            #expect(window.claim(receipt)?.tag == 1)
            #expect(window.claim(receipt) == nil)
            #expect(window.settle(receipt) == nil)
            window.release(receipt)
            #expect(window.claim(receipt)?.tag == 1)
            #expect(window.finish(receipt) == 1)
        }

        @Test mutating func withItsChannelEveryReceiptGoes() {
            let receipts = hands(3)
            _ = window.claim(receipts[0])
            window.lose()
            #expect(receipts.allSatisfy { !window.holds($0) })
            #expect(window.finish(receipts[0]) == nil)
            #expect(window.heldBytes == 0)
        }

        @Test mutating func aHoldEndsInItsTimeAndWhatIsClaimedOutlivesIt() {
            let first = hands(2, until: .seconds(10))
            _ = window.claim(first[0])
            let later = hands(1, until: .seconds(20))
            #expect(window.nextEnd() == .seconds(10))
            #expect(window.expire(at: .seconds(10)) == [2])
            #expect(!window.holds(first[1]))
            #expect(window.holds(later[0]))
            window.release(first[0])
            #expect(window.expire(at: .seconds(20)) == [1, 3])
        }

        /// One is held for long, and everything behind it is settled at once.
        @Test mutating func theEndsOfManyHoldsAreForgotten() {
            let held = hands(1)[0]
            for _ in 0..<10_000 { for receipt in hands(3) { #expect(window.settle(receipt) != nil) } }
            #expect(window.endCount <= 100)
            #expect(window.expire(at: .seconds(60)) == [1])
            #expect(!window.holds(held))
        }
    }

    @Suite("What is settled goes out in few frames") struct AckWindowTests {
        private var window = AckWindow()

        @Test mutating func inItsOrderItIsOneFrame() {
            #expect(window.frames(accepted: [1, 2, 3], others: []) == [.accept(3, multiple: true)])
            #expect(window.frames(accepted: [4], others: []) == [.accept(4, multiple: false)])
            #expect(window.frames(accepted: [], others: []) == [])
        }

        @Test mutating func whatIsOpenBeforeItKeepsItSingle() {
            #expect(
                window.frames(accepted: [3, 2], others: []).sorted { "\($0)" < "\($1)" }
                    == [.accept(2, multiple: false), .accept(3, multiple: false)])
            #expect(window.frames(accepted: [1, 4], others: []) == [.accept(4, multiple: true)])
            #expect(window.frames(accepted: [6, 5], others: []) == [.accept(6, multiple: true)])
        }

        @Test mutating func whatGoesBackIsWrittenBeforeAnAcceptThatIsBehindIt() {
            #expect(
                window.frames(accepted: [1, 3], others: [.giveBack(2)]) == [.giveBack(2), .accept(3, multiple: true)])
            #expect(window.frames(accepted: [5], others: [.reject(4)]) == [.reject(4), .accept(5, multiple: false)])
        }
    }
#endif
