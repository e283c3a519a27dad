#if RabbitMQ
    import Messaging
    import Testing

    @testable import RabbitMQBroker

    @Suite("What went back unseen is no attempt") struct UnseenReturnsTests {
        private let returns = UnseenReturns()
        private let message = Message("one")

        /// It comes with what the server says, and goes back unseen; the attempt that it came with.
        private func comesAndGoes(_ count: Int32, copies: Int32 = 0, to queue: String = "a") -> Int32 {
            let tries = returns.known(Tries(copies: copies, returns: count), of: message.id, in: queue)
            var pending = DeliveryWindow.Pending(.test(1, message))
            pending.tries = tries
            returns.note([pending], to: queue)
            return tries.attempt
        }

        @Test func itComesWithTheSameAttemptHoweverOftenItWentBack() {
            for count in Int32(0)..<40 { #expect(comesAndGoes(count) == 1) }
        }

        @Test func aReturnThatSomebodyHasSeenCounts() {
            #expect(comesAndGoes(0) == 1)
            #expect(comesAndGoes(1) == 1)
            // Handed out, and its process killed.
            #expect(comesAndGoes(3) == 2)
            #expect(comesAndGoes(4) == 2)
        }

        @Test func aCopyOfARetryIsCountedAnew() {
            for count in Int32(0)..<5 { #expect(comesAndGoes(count, copies: 0) == 1) }
            #expect(comesAndGoes(1, copies: 1) == 3)
        }

        @Test func whatTheServerHasForgottenIsNotSubtracted() {
            for count in Int32(0)..<5 { #expect(comesAndGoes(count) == 1) }
            // Killed before it had written the last two: of five unseen returns it knows three.
            #expect(comesAndGoes(3) == 1)
        }

        @Test func eachQueueHasAnAccountOfItsOwn() {
            #expect(comesAndGoes(0, to: "a") == 1)
            #expect(returns.known(Tries(returns: 1), of: message.id, in: "b").attempt == 2)
        }

        @Test func aQueueThatOnlyKnowsThatThereWasAReturnIsBelieved() {
            #expect(comesAndGoes(0) == 1)
            #expect(returns.known(Tries(returns: 1, isCounted: false), of: message.id, in: "a").attempt == 2)
        }

        @Test func whatWentBackLongestAgoIsForgottenFirst() {
            #expect(comesAndGoes(0) == 1)
            for _ in 0...(2 * UnseenReturns.most) {
                returns.note([.init(.test(1, Message("other")))], to: "a")
            }
            #expect(returns.known(Tries(returns: 1), of: message.id, in: "a").attempt == 2)
        }
    }
#endif
