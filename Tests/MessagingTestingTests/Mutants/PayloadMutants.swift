import Messaging
import MessagingTesting

extension Mutant {
    /// Flaws of what is carried.
    static let payload: [Mutant] = [
        Mutant(
            "an empty body arrives as null",
            caughtBy: [
                .init(61, "a body of 0 bytes arrived as null")
            ], spoiling: [66, 69]
        ) {
            .ofMessages { message in message.with { if $0.body.count == 0 { $0.body = .null } } }
        },
        Mutant(
            "a null body arrives as an empty one",
            caughtBy: [
                .init(66, "a body that is null arrived as empty")
            ], spoiling: [69], for: [.stream]
        ) {
            .ofMessages { message in message.with { if $0.body.isNull { $0.body = .empty } } }
        },
        Mutant(
            "a body that is not UTF-8 is repaired",
            caughtBy: [
                .init(61, "a body of 64 KiB arrived as … other bytes")
            ], spoiling: [18, 22, 62, 91]
        ) {
            .ofMessages { message in
                if message.body.isNull || message.body.text != nil { return message }
                return message.with { $0.body = Body(String(decoding: $0.body.array, as: UTF8.self)) }
            }
        },
        Mutant(
            "of headers of one name only the last is carried",
            caughtBy: [
                .init(65, "not what was sent: headers […] came as […]")
            ], spoiling: [18, 63, 69]
        ) {
            .ofMessages { message in
                message.with { message in
                    var headers = Headers()
                    for field in message.headers.fields {
                        headers.removeAll(field.name)
                        headers.append(field.name, field.value)
                    }
                    message.headers = headers
                }
            }
        },
        Mutant(
            "a priority is not carried",
            caughtBy: [
                .init(65, "not what was sent: priority 7 came as 0"),
                .init(53, "a message of priority … came before one of"),
            ], spoiling: [29, 30, 67, 69]
        ) {
            .ofMessages { message in message.with { $0.priority = 0 } }
        },
        Mutant(
            "a reply address is not carried",
            caughtBy: [
                .init(65, "reply-to reply.here came as nothing")
            ], spoiling: [67, 69, 90, 91, 92]
        ) {
            .ofMessages { message in message.with { $0.replyTo = nil } }
        },
        Mutant(
            "a timestamp is carried in whole seconds",
            caughtBy: [
                .init(65, "not what was sent: timestamp …Z came as …:….000Z")
            ], spoiling: [18, 27, 67, 69]
        ) {
            .ofMessages { message in
                message.with { $0.timestamp = Timestamp(milliseconds: $0.timestamp.milliseconds / 1000 * 1000) }
            }
        },
        Mutant(
            "an unknown content type is carried as bytes",
            caughtBy: [
                .init(65, "not what was sent: content type …; version=3 came as application/octet-stream")
            ], spoiling: [69]
        ) {
            .ofMessages { message in
                message.with { if $0.contentType.name.contains(";") { $0.contentType = .octetStream } }
            }
        },
        Mutant(
            "what one message has set is set on the next",
            caughtBy: [
                .init(65, "correlation id nothing came as correlation-1")
            ], spoiling: [67]
        ) {
            let last = Observed<String?>(nil)
            return .ofMessages { message in
                let earlier = last.change { last in
                    last = message.correlationID ?? last
                    return last
                }
                return message.with { $0.correlationID = earlier }
            }
        },
        Mutant(
            "a key is brought into a normal form",
            caughtBy: [
                .init(65, "not what was sent: key … came in other bytes")
            ], spoiling: [18, 69]
        ) {
            .ofMessages { message in message.with { $0.key = $0.key?.decomposed } }
        },
        Mutant(
            "header values are brought into a normal form",
            caughtBy: [
                .init(65, "not what was sent: headers … came in other bytes")
            ], spoiling: [18, 63, 69]
        ) {
            .ofMessages { message in message.with { $0.headers = $0.headers.decomposed } }
        },
    ]

    /// Every mutant.
    static let all =
        settlement + forwarding + time + publishing + receiving + sharing + payload + closing + hub + telemetry
        + failure + doubtful + connections
        + holding + membership + counting + giving + defaults + lanes + requests
        + carrying + headers + options + resources + connecting
        + ends + selections + administrations + callings + deduplication
        + decisions + keepings + policies
}

extension Message {
    /// This message with some of it changed.
    func with(_ edit: (inout Message) -> Void) -> Message {
        var message = self
        edit(&message)
        return message
    }
}

extension String {
    /// The same text to a reader, in other bytes: the umlauts of the tests as two scalars each.
    var decomposed: String { replacing("\u{F6}", with: "o\u{308}").replacing("\u{FC}", with: "u\u{308}") }
}

extension Headers {
    /// The same to a reader, in other bytes.
    var decomposed: Headers {
        Headers(fields.map { field in Field(field.name, field.value.text.map { .text($0.decomposed) } ?? field.value) })
    }
}
