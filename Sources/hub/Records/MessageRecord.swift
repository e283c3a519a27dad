import Foundation
import Messaging
import MessagingHub

/// A message as a JSON object in a line, with the names of the fields that JSON messages have elsewhere.
///
/// `body` is the body where it is text, `body_base64` where it is not, and `"body": null` a null body. `headers` is an object,
/// or an array of pairs where a name occurs twice; the order of different names is kept in an array alone. A header value
/// that is not text is `{"base64": "…"}`. What a field's default is need not be there. `topic`, `attempt` and `position` say
/// where a message came from; they are read past.
enum MessageRecord {
    /// The names of the fields, in the order in which they are written.
    static let fields = [
        "id", "type", "topic", "key", "timestamp", "priority", "not_before", "expiration", "correlation_id", "reply_to",
        "content_type", "content_encoding", "delivery_mode", "attempt", "position", "headers", "body", "body_base64",
    ]

    // MARK: Writing

    /// A message as a line, without its end.
    static func line(_ message: Message, topic: Topic? = nil, attempt: Int32? = nil, position: Position = .none)
        -> String
    {
        var members: [(name: String, value: String)] = [("id", JSONText.quoted(message.id.description))]
        func add(_ name: String, _ text: String?) {
            if let text { members.append((name, JSONText.quoted(text))) }
        }
        add("type", message.type.isEmpty ? nil : message.type)
        add("topic", topic?.name)
        add("key", message.key)
        add("timestamp", message.timestamp.description)
        if message.priority > 0 { members.append(("priority", String(message.priority))) }
        add("not_before", message.notBefore?.description)
        add("expiration", message.expiration?.description)
        add("correlation_id", message.correlationID)
        add("reply_to", message.replyTo)
        add("content_type", message.contentType == .octetStream ? nil : message.contentType.name)
        add("content_encoding", message.contentEncoding)
        add("delivery_mode", message.deliveryMode == .persistent ? nil : "transient")
        if let attempt { members.append(("attempt", String(attempt))) }
        add("position", position == .none ? nil : position.description)
        if !message.headers.isEmpty { members.append(("headers", text(of: message.headers))) }
        members.append(body(message.body))
        return JSONText.object(members)
    }

    private static func body(_ body: Body) -> (name: String, value: String) {
        if body.isNull { return ("body", "null") }
        if let text = body.text { return ("body", JSONText.quoted(text)) }
        return ("body_base64", JSONText.quoted(Data(body.array).base64EncodedString()))
    }

    private static func text(of headers: Headers) -> String {
        let pairs = headers.fields.map { (name: $0.name.text, value: text(of: $0.value)) }
        if Set(headers.fields.map(\.name)).count == pairs.count { return JSONText.object(pairs) }
        return "[\(pairs.map { "[\(JSONText.quoted($0.name)),\($0.value)]" }.joined(separator: ","))]"
    }

    private static func text(of value: HeaderValue) -> String {
        switch value {
        case .text(let text): JSONText.quoted(text)
        case .bytes(let bytes):
            JSONText.object([("base64", JSONText.quoted(Data(bytes).base64EncodedString()))])
        }
    }

    // MARK: Reading

    /// The message of a line. One without an id gets `id`.
    static func message(_ line: some Collection<UInt8>, id: @autoclosure () -> MessageID) throws(BadRecord) -> Message {
        guard let object = (try? JSONSerialization.jsonObject(with: Data(line), options: [.fragmentsAllowed])) else {
            throw BadRecord(sentence: "is not JSON; --format lines takes each line as a body")
        }
        guard let members = object as? [String: Any] else {
            throw BadRecord(sentence: "is JSON, and no object; --format lines takes each line as a body")
        }
        if let unknown = members.keys.filter({ !fields.contains($0) }).min() {
            let hint = unknown.nearest(in: fields).map { "did you mean \($0)?" }
            let remedy = "a message has \(fields.joined(separator: ", ")); --format lines takes each line as a body"
            throw BadRecord(sentence: "has a member \(unknown.quoted), which no message has; \(hint ?? remedy)")
        }
        return try RecordReading(members: members).message(id: id())
    }
}

/// The members of a record while it is read.
private struct RecordReading {
    let members: [String: Any]

    func message(id: @autoclosure () -> MessageID) throws(BadRecord) -> Message {
        var message = Message(try body())
        message.id = try value("id", "a ULID, 26 characters") { MessageID($0) } ?? id()
        message.type = try text("type") ?? ""
        message.key = try text("key")
        message.timestamp = try time("timestamp") ?? .now
        message.priority = try priority()
        message.notBefore = try time("not_before")
        message.expiration = try time("expiration")
        message.correlationID = try text("correlation_id")
        message.replyTo = try text("reply_to")
        if let name = try text("content_type") {
            message.contentType = ContentType(name)
        } else if isStructured {
            message.contentType = .json
        }
        message.contentEncoding = try text("content_encoding")
        let modes: [String: DeliveryMode] = ["persistent": .persistent, "transient": .transient]
        message.deliveryMode = try value("delivery_mode", "persistent or transient") { modes[$0] } ?? .persistent
        message.headers = try headers()
        return message
    }

    private func text(_ name: String) throws(BadRecord) -> String? { try value(name, "a text") { $0 } }

    private func time(_ name: String) throws(BadRecord) -> Timestamp? {
        try value(name, "a time such as 2026-11-21T15:04:05Z") { Timestamp($0) }
    }

    private func value<Value>(
        _ name: String, _ form: String, _ read: (String) -> Value?
    ) throws(BadRecord) -> Value? {
        guard let member = members[name], !(member is NSNull) else { return nil }
        if let text = member as? String, let value = read(text) { return value }
        throw BadRecord(sentence: "has a \(name) that is not \(form)")
    }

    private func priority() throws(BadRecord) -> UInt8 {
        guard let member = members["priority"], !(member is NSNull) else { return 0 }
        if let number = (member as? NSNumber).flatMap({ Int(exactly: $0) }), (0...10).contains(number) {
            return UInt8(number)
        }
        throw BadRecord(sentence: "has a priority that is not an integer from 0 to 10")
    }

    /// Whether the body is an object, an array, a number or a truth value: JSON of its own, not a text.
    private var isStructured: Bool {
        guard let body = members["body"] else { return false }
        return !(body is String) && !(body is NSNull)
    }

    private func body() throws(BadRecord) -> Body {
        switch (members["body"], members["body_base64"]) {
        case (nil, nil): return .empty
        case (_?, _?): throw BadRecord(sentence: "has both body and body_base64; give one of them")
        case (nil, let encoded?):
            guard let text = encoded as? String, let data = Data(base64Encoded: text) else {
                throw BadRecord(sentence: "has a body_base64 that is not base64 (RFC 4648, §4)")
            }
            return Body([UInt8](data))
        case (let body?, nil):
            if body is NSNull { return .null }
            if let text = body as? String { return Body(text) }
            let options: JSONSerialization.WritingOptions = [.fragmentsAllowed, .sortedKeys, .withoutEscapingSlashes]
            guard let data = try? JSONSerialization.data(withJSONObject: body, options: options) else {
                throw BadRecord(sentence: "has a body that is no JSON value")
            }
            return Body([UInt8](data))
        }
    }

    private func headers() throws(BadRecord) -> Headers {
        guard let member = members["headers"], !(member is NSNull) else { return Headers() }
        var headers = Headers()
        if let object = member as? [String: Any] {
            for (name, value) in object.sorted(by: { $0.key < $1.key }) {
                headers.append(HeaderName(name), try Self.headerValue(value, of: name))
            }
            return headers
        }
        guard let pairs = member as? [[Any]] else {
            throw BadRecord(sentence: "has headers that are neither an object nor an array of pairs")
        }
        for pair in pairs {
            guard pair.count == 2, let name = pair[0] as? String else {
                throw BadRecord(sentence: "has headers that are neither an object nor an array of pairs")
            }
            headers.append(HeaderName(name), try Self.headerValue(pair[1], of: name))
        }
        return headers
    }

    private static func headerValue(_ value: Any, of name: String) throws(BadRecord) -> HeaderValue {
        if let text = value as? String { return .text(text) }
        if let object = value as? [String: String], object.count == 1, let encoded = object["base64"],
            let data = Data(base64Encoded: encoded)
        {
            return .bytes([UInt8](data))
        }
        throw BadRecord(sentence: "has a header \(name.quoted) that is neither a text nor {\"base64\": …}")
    }
}
