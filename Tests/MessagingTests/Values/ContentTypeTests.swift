import Messaging
import Testing

@Suite struct ContentTypeTests {
    @Test func namesAreMediaTypes() {
        #expect(ContentType.octetStream.name == "application/octet-stream")
        #expect(ContentType.json.description == "application/json")
        #expect(ContentType.text == "text/plain")
        #expect(ContentType("image/png") == "image/png")
    }

    @Test func messagesArePersistentUnlessTheySayOtherwise() {
        #expect(Message().deliveryMode == .persistent)
        var message = Message()
        message.deliveryMode = .transient
        #expect(message.deliveryMode == .transient)
    }
}
