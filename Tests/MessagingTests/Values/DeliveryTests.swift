import Messaging
import Testing

@Suite struct DeliveryTests {
    @Test func layoutStaysSmall() {
        #expect(MemoryLayout<Delivery>.stride <= 160)
        #expect(MemoryLayout<Receipt>.size == 16)
        #expect(MemoryLayout<Position>.size <= 24)
    }

    @Test func deliveriesStartAtAttemptOne() {
        let delivery = Delivery(message: Message("x"), receipt: Receipt(sequence: 4))
        #expect(delivery.attempt == 1)
        #expect(delivery.lane == 0)
        #expect(delivery.position == .none)
        #expect(delivery.topic == nil)
        #expect(delivery.receipt == Receipt(sequence: 4, slot: 0, epoch: 0))
        #expect(delivery.receipt != Receipt(sequence: 4, slot: 0, epoch: 1))
    }

    @Test(arguments: [
        "0", "42", "18446744073709551615", "7-3", "1526919030474-55", "-", "a-b", "0-0", "5-0", "007", "7-03", "+7",
        "18446744073709551616", "18446744073709551615-18446744073709551615", "über-5", "1-2-3", " ",
    ])
    func positionsKeepTheirText(text: String) throws {
        let position = try #require(Position(text))
        #expect(position.description == text)
        #expect(Position(position.description) == position)
        #expect(position != .none)
    }

    @Test func positionsOfNumbersHaveText() {
        #expect(Position(major: 7).description == "7")
        #expect(Position(major: 7, minor: 3).description == "7-3")
        #expect(Position("7-3") == Position(major: 7, minor: 3))
        #expect(Position("7-3")?.minor == 3)
        #expect(Position.none.description == "")
        #expect(Position("") == nil)
        #expect(Position("x") != Position("y"))
    }
}
