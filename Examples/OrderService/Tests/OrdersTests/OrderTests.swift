import Messaging
import MessagingHub
import MessagingTesting
import Orders
import Testing

@Suite struct OrderTests {
    let order = Order(id: 1, item: "lamp", quantity: 2)

    @Test func anOrderIsConfirmed() async throws {
        try await withOrderService(stock: ["lamp": 5]) { test, stock, _ in
            try await test.publish(order, to: Topics.placed)
            #expect(try test.published(to: Topics.confirmed) == [order])
            #expect(try test.published(to: Topics.notices).map(\.text) == ["confirmed"])
            #expect(await stock.items == ["lamp": 3])
        }
    }

    @Test func whatIsNotInStockIsRejected() async throws {
        try await withOrderService(stock: ["lamp": 1]) { test, _, payments in
            try await test.publish(order, to: Topics.placed)
            try test.topic(Topics.reserved).requirePublished(0)
            #expect(try test.published(to: Topics.notices).map(\.order) == [1])
            #expect(await payments.calls == 0)
        }
    }

    @Test func aFailedPaymentIsTriedAgain() async throws {
        let payments = FakePayments(failing: 1)
        try await withOrderService(stock: ["lamp": 5], payments) { test, _, _ in
            try await test.publish(order, to: Topics.placed)
            try test.topic(Topics.reserved).requireRetried(1)
            try test.topic(Topics.confirmed).requirePublished(0)

            try await test.advance(by: .milliseconds(500))
            try test.topic(Topics.reserved).requireHandled(1)
            #expect(test.topic(Topics.reserved).runs.map(\.attempt) == [1, 2])
            try test.topic(Topics.confirmed).requirePublished(1)
        }
    }

    @Test func aPaymentThatFailsForEverIsDeadLettered() async throws {
        let payments = FakePayments(failing: .max)
        try await withOrderService(stock: ["lamp": 5], payments) { test, _, _ in
            try await test.publish(order, to: Topics.placed)
            try await test.advance(by: .seconds(2))
            try test.topic(Topics.reserved).requireDeadLettered(1, as: .exhausted)
            try test.topic("orders.reserved.dead").requirePublished(1)
            #expect(await payments.calls == 3)
        }
    }

    @Test func aDeclinedPaymentIsNotTriedAgain() async throws {
        let payments = FakePayments(declining: true)
        try await withOrderService(stock: ["lamp": 5], payments) { test, _, _ in
            try await test.publish(order, to: Topics.placed)
            try test.topic(Topics.reserved).requireDeadLettered(1, as: .rejected)
            #expect(await payments.calls == 1)
        }
    }

    @Test func anOrderThatComesTwiceIsPaidOnce() async throws {
        try await withOrderService(stock: ["lamp": 5]) { test, stock, payments in
            try await test.publish(order, to: Topics.placed)
            try await test.publish(order, to: Topics.placed)
            try test.topic(Topics.placed).requireHandled(2)
            #expect(await stock.items == ["lamp": 3])
            #expect(await payments.charged == [1])
        }
    }
}
