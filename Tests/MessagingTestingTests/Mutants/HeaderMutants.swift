import Messaging
import MessagingTesting

extension Mutant {
    /// Flaws of headers.
    static let headers: [Mutant] = [
        Mutant(
            "a header without a value is not carried",
            caughtBy: [
                .init(63, "header empty-0 came as nothing, not as \"\"")
            ]
        ) { .ofHeaders { fields in fields.filter { $0.value.byteCount > 0 } } },
        Mutant(
            "the values of one name arrive backwards",
            caughtBy: [
                .init(63, "header step came as \"9\", ")
            ], spoiling: [18, 65, 69]
        ) { .ofHeaders { $0.reversed() } },
        Mutant(
            "a header value is cut at 4 KiB",
            caughtBy: [
                .init(63, "header long-0 came as 4096 bytes, not as 8193 bytes")
            ], spoiling: [64, 69]
        ) {
            .ofHeaders { fields in
                fields.map { .init($0.name, .text(String(decoding: $0.value.bytes.prefix(4096), as: UTF8.self))) }
            }
        },
        Mutant(
            "header values are carried in ASCII",
            caughtBy: [
                .init(63, "header text-0 came as \"gr?")
            ], spoiling: [18, 65, 69]
        ) {
            .ofHeaders { fields in
                fields.map { field in
                    guard let text = field.value.text else { return field }
                    let plain = String(text.unicodeScalars.map { $0.isASCII ? Character($0) : "?" })
                    return .init(field.name, .text(plain))
                }
            }
        },
        Mutant(
            "no more than 32 headers are carried",
            caughtBy: [
                .init(63, "header step came as …, not as ")
            ]
        ) { .ofHeaders { Array($0.prefix(32)) } },
        Mutant(
            "header names are written in lower case",
            caughtBy: [
                .init(63, "the name of header X-Capital-8 came in another spelling")
            ], spoiling: [18, 65, 69]
        ) { .ofHeaders { fields in fields.map { .init(HeaderName($0.name.text.lowercased()), $0.value) } } },
        Mutant(
            "a line break in a header is carried as a space",
            caughtBy: [
                .init(64, "a value with CR LF was confirmed and came otherwise")
            ]
        ) {
            .ofHeaders { fields in
                fields.map { field in
                    let bytes = field.value.bytes.map { $0 == 0x0A || $0 == 0x0D ? 0x20 : $0 }
                    return field.value.bytes == bytes ? field : .init(field.name, .bytes(bytes))
                }
            }
        },
        Mutant(
            "a NUL ends the value of a header",
            caughtBy: [
                .init(64, "a value with a NUL was confirmed and came otherwise")
            ], spoiling: [69]
        ) {
            .ofHeaders { fields in
                fields.map { field in
                    field.value.bytes.contains(0)
                        ? .init(field.name, .bytes(Array(field.value.bytes.prefix { $0 != 0 }))) : field
                }
            }
        },
        Mutant(
            "a header value that is not UTF-8 is repaired",
            caughtBy: [
                .init(64, "a value that is not UTF-8 was confirmed and came otherwise")
            ], spoiling: [69]
        ) {
            .ofHeaders { fields in
                fields.map { field in
                    field.value.text == nil
                        ? .init(field.name, .text(String(decoding: field.value.bytes, as: UTF8.self))) : field
                }
            }
        },
        Mutant(
            "a header name that is too long is cut",
            caughtBy: [
                .init(64, "a name that is too long was answered confirmed, not refused(invalidArgument)")
            ]
        ) {
            .ofHeaders { fields in fields.map { .init(HeaderName(String($0.name.text.prefix(255))), $0.value) } }
        },
        Mutant(
            "what has a header that cannot be carried is refused, and arrives without it",
            caughtBy: [
                .init(64, "beside a value that is too long: … is missing")
            ]
        ) {
            .publishing { broker, messages, destination, options in
                for message in messages where !message.headers.isEmpty {
                    guard broker.limits.refusal(of: message, at: .now) != nil else { continue }
                    let bare = message.with { $0.headers = Headers() }
                    _ = try? await broker.publish(bare, to: destination, options: options)
                }
                return try await broker.publish(messages, to: destination, options: options)
            }
        },
    ]
}

extension Flaw {
    /// A flaw of the headers of what is published.
    fileprivate static func ofHeaders(_ edit: @escaping @Sendable ([Headers.Field]) -> [Headers.Field]) -> Flaw {
        .ofMessages { message in
            message.headers.isEmpty ? message : message.with { $0.headers = Headers(edit($0.headers.fields)) }
        }
    }
}
