import Messaging
import Testing

@Suite struct MessageTests {
    @Test func layoutStaysSmall() {
        #expect(MemoryLayout<Message>.size <= 104)
        #expect(MemoryLayout<Body>.size <= 16)
    }

    @Test("S3-49 a message has id, type, payload, headers and timestamp")
    func fields() {
        let message = Message(
            "body", type: "order.created", key: "42", headers: ["a": "1"], contentType: .json,
            id: MessageID(high: 1, low: 2), timestamp: Timestamp(milliseconds: 3))
        #expect(message.body == "body")
        #expect(message.type == "order.created")
        #expect(message.key == "42")
        #expect(message.headers == ["a": "1"])
        #expect(message.contentType == .json)
        #expect(message.id == MessageID(high: 1, low: 2))
        #expect(message.timestamp == Timestamp(milliseconds: 3))
    }

    @Test func defaultsAreTheDocumentedOnes() {
        let message = Message()
        #expect(message.body == .empty)
        #expect(message.type == "")
        #expect(message.key == nil)
        #expect(message.headers.isEmpty)
        #expect(message.contentType == .octetStream)
        #expect(message.priority == 0)
        #expect(message.deliveryMode == .persistent)
        #expect(message.notBefore == nil)
        #expect(message.expiration == nil)
        #expect(message.correlationID == nil)
        #expect(message.replyTo == nil)
        #expect(message.contentEncoding == nil)
        #expect(!message.isTimed)
        #expect(Message().id != message.id)
    }

    @Test("S3-52 trace id, correlation id and the other seldom used fields are kept")
    func seldomFields() {
        let plain = Message()
        var message = plain
        message.correlationID = "c"
        message.headers["traceparent"] = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
        #expect(message.correlationID == "c")
        #expect(message.headers["Traceparent"] == "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01")
        #expect(!message.isTimed)
        message.notBefore = Timestamp(milliseconds: 1)
        message.expiration = Timestamp(milliseconds: 2)
        message.replyTo = "r"
        message.contentEncoding = "gzip"
        message.contentType = "image/png"
        #expect(message.isTimed)
        #expect(message.notBefore == Timestamp(milliseconds: 1))
        #expect(message.expiration == Timestamp(milliseconds: 2))
        #expect(message.correlationID == "c")
        #expect(message.replyTo == "r")
        #expect(message.contentEncoding == "gzip")
        #expect(message.contentType == "image/png")
        #expect(message != plain)
        #expect(plain.correlationID == nil)
        message.correlationID = nil
        message.headers = [:]
        message.notBefore = nil
        message.expiration = nil
        message.replyTo = nil
        message.contentEncoding = nil
        message.contentType = .octetStream
        #expect(message == plain)
        #expect(message.hashValue == plain.hashValue)
    }

    @Test(
        arguments: [
            "application/octet-stream", "application/json", "text/plain", "application/protobuf", "application/msgpack",
            "application/cbor", "application/avro", "application/xml", "application/cloudevents+json",
            "application/vnd.example+json; charset=utf-8", "",
        ] as [ContentType])
    func contentTypesAreKept(type: ContentType) {
        var message = Message(contentType: type)
        #expect(message.contentType == type)
        message.contentType = "image/png"
        #expect(message.contentType == "image/png")
        message.contentType = type
        #expect(message.contentType == type)
        #expect(message == Message(contentType: type, id: message.id, timestamp: message.timestamp))
    }

    @Test func copiesAreIndependent() {
        var first = Message("x")
        first.replyTo = "a"
        var second = first
        second.replyTo = "b"
        #expect(first.replyTo == "a")
        #expect(second.replyTo == "b")
    }

    @Test func byteCountIsBodyHeadersKeyAndType() {
        #expect(Message("12345", type: "tü", key: "k", headers: ["ab": "cde"]).byteCount == 5 + 3 + 1 + 5)
        #expect(Message(.null).byteCount == 0)
    }
}
