import Foundation
import Messaging
import MessagingTesting
import Testing

@testable import hub

@Suite struct MessageRecordTests {
    private func message(_ line: String) throws -> Message {
        try MessageRecord.message(Array(line.utf8), id: MessageID(high: 1, low: 2))
    }

    /// A message with every field, some of them odd.
    private static func odd(_ random: inout SeededGenerator) -> Message {
        let texts = ["", "a", "ü\u{0}\n\"\\", "😀", String(repeating: "x", count: 300)]
        func text() -> String { texts.randomElement(using: &random) ?? "" }
        func moment() -> Timestamp { Timestamp(milliseconds: Int64.random(in: 0...4_000_000_000_000, using: &random)) }
        let bodies: [Body] = [.null, .empty, Body(text()), Body([0xFF, 0x00, 0xC3]), Body(#"{"a":1}"#)]
        var message = Message(bodies.randomElement(using: &random) ?? .empty, type: text())
        if Bool.random(using: &random) { message.key = text() }
        message.timestamp = moment()
        message.priority = UInt8.random(in: 0...10, using: &random)
        if Bool.random(using: &random) { message.notBefore = moment() }
        if Bool.random(using: &random) { message.expiration = moment() }
        if Bool.random(using: &random) { message.correlationID = text() }
        if Bool.random(using: &random) { message.replyTo = text() }
        if Bool.random(using: &random) { message.contentEncoding = "gzip" }
        message.contentType = [.octetStream, .json, "x/y; z=1"].randomElement(using: &random) ?? .text
        message.deliveryMode = Bool.random(using: &random) ? .transient : .persistent
        for index in 0..<Int.random(in: 0...4, using: &random) {
            let value: HeaderValue = Bool.random(using: &random) ? .text(text()) : .bytes([0xFE, UInt8(index)])
            message.headers.append(Bool.random(using: &random) ? "Same" : HeaderName("h\(index)"), value)
        }
        return message
    }

    @Test func everyMessageComesBackAsItWas() throws {
        var random = SeededGenerator(seed: 11)
        for _ in 0..<2000 {
            let message = Self.odd(&random)
            let line = MessageRecord.line(message, topic: "a.b", attempt: 3, position: Position(major: 7))
            #expect(!line.contains("\n"))
            var back = try self.message(line)
            // Of names that occur once the order is not kept.
            if Set(message.headers.fields.map(\.name)).count == message.headers.count {
                #expect(Set(back.headers.fields) == Set(message.headers.fields), "\(line)")
                back.headers = message.headers
            }
            #expect(back == message, "\(line)")
        }
    }

    @Test func whatAPersonWritesIsAMessage() throws {
        let message = try message(#"{"key":"7","body":{"id":7,"b":[1,true,null]},"headers":{"b":"2","a":"1"}}"#)
        #expect(message.body.text == #"{"b":[1,true,null],"id":7}"#)
        #expect(message.contentType == .json && message.key == "7" && message.id == MessageID(high: 1, low: 2))
        #expect(message.headers.fields.map(\.name.text) == ["a", "b"])
        #expect(try self.message("{}").body == .empty)
        #expect(try self.message(#"{"body":null}"#).body.isNull)
        #expect(try self.message(#"{"body":7}"#).body.text == "7")
        #expect(
            try self.message(#"{"body":"x","attempt":3,"topic":"t","position":"9","priority":null}"#).body.text == "x")
    }

    @Test(arguments: [
        ("hello", "is not JSON; --format lines"), (#"{"body":"#, "is not JSON"), ("[1]", "is JSON, and no object"),
        ("\"a\"", "no object"), (#"{"bodi":"x"}"#, "\"bodi\", which no message has; did you mean body?"),
        (#"{"zzzzzzzz":1}"#, "a message has id, type"), (#"{"id":"x"}"#, "has a id that is not a ULID"),
        (#"{"key":7}"#, "has a key that is not a text"), (#"{"priority":11}"#, "from 0 to 10"),
        (#"{"priority":1.5}"#, "from 0 to 10"), (#"{"priority":"1"}"#, "from 0 to 10"),
        (#"{"timestamp":"yesterday"}"#, "2026-11-21T15:04:05Z"),
        (#"{"expiration":1}"#, "has a expiration that is not a time"),
        (#"{"body":"a","body_base64":"YQ=="}"#, "has both"), (#"{"body_base64":"?"}"#, "not base64"),
        (#"{"headers":7}"#, "neither an object nor"), (#"{"headers":[["a"]]}"#, "neither an object nor"),
        (#"{"headers":{"a":7}}"#, "header \"a\""), (#"{"delivery_mode":"x"}"#, "persistent or transient"),
    ]) func whatIsNoMessageIsToldWhy(_ line: String, _ reason: String) {
        let error = #expect(throws: BadRecord.self) { try message(line) }
        #expect(error?.sentence.contains(reason) == true, "\(error?.sentence ?? "")")
    }
}
