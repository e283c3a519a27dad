#if RabbitMQ
    import CRabbitMQ
    import Messaging

    /// The headers that this backend writes beside those of the message, and takes away again.
    enum WireHeader {
        /// The message's key: text.
        static let key = "hub-key"
        /// How many copies retries have made so far: a number.
        static let attempt = "hub-attempt"
        /// Not before this moment, and not after this one: milliseconds since 1970.
        static let notBefore = "hub-not-before"
        /// Not again before this moment, because a retry waits: milliseconds since 1970.
        static let due = "hub-due"
        static let expiration = "hub-expiration"
        /// Until when its queue keeps it, as its publisher knows: milliseconds since 1970.
        static let keptUntil = "hub-kept-until"
        /// The milliseconds of `timestamp`, which AMQP carries in seconds: milliseconds since 1970. Named as RabbitMQ's
        /// own plug-in names it; left out where the message's id says the same.
        static let timestamp = "timestamp_in_ms"
        /// When it was published to a stream: milliseconds since 1970.
        static let appended = "hub-appended"
        /// Marks what is no message: the end of a log as it was, the ticket of a group's past. Text.
        static let marker = "hub-marker"
        /// A null body, which AMQP does not know: true.
        static let nullBody = "hub-null-body"
        /// The steps of the delay ladder that a message still goes through: true, each under this and its number.
        static let step = "hub-delay-"
        /// The id of a message whose id is none of ours, as it was written: text.
        static let foreignID = "amqp-message-id"
        /// The properties that a `Message` has no field for: text.
        static let appID = "amqp-app-id"
        static let userID = "amqp-user-id"

        static func isOurs(_ name: String) -> Bool {
            switch name {
            case key, attempt, notBefore, due, expiration, keptUntil, timestamp, appended, marker, nullBody: true
            case foreignID, appID, userID: true
            default: name.hasPrefix(step) || name.hasPrefix("x-death") || isTheServers(name)
            }
        }

        /// What the server adds by itself.
        static func isTheServers(_ name: String) -> Bool {
            switch name {
            case "x-delivery-count", "x-death", "x-stream-offset", "x-acquired-count": true
            default: name.hasPrefix("x-first-death-") || name.hasPrefix("x-last-death-")
            }
        }
    }

    /// How a message goes out beside its fields.
    struct Posting: Sendable {
        /// The copies that retries have made.
        var copies: Int32 = 0
        /// The steps of the delay ladder that it goes through first.
        var steps: [Int] = []
        /// When a retry is due.
        var due: Timestamp?
        /// Until when its queue keeps it.
        var keptUntil: Timestamp?
        /// When it is published to a stream.
        var appended: Timestamp?
        /// What it marks, where it is no message.
        var marker: String?
    }

    extension WireArena {
        /// The properties of a message. `now` is what its expiration is counted from.
        mutating func properties(of message: Message, _ posting: Posting, at now: Timestamp) -> amqp_basic_properties_t
        {
            var basic = amqp_basic_properties_t()
            var flags = AMQP_BASIC_MESSAGE_ID_FLAG | AMQP_BASIC_TIMESTAMP_FLAG | AMQP_BASIC_DELIVERY_MODE_FLAG
            flags |= AMQP_BASIC_CONTENT_TYPE_FLAG
            let foreign = message.headers.isEmpty ? nil : message.headers[HeaderName(WireHeader.foreignID)]
            basic.message_id = bytes(foreign ?? message.id.description)
            let milliseconds = message.timestamp.milliseconds
            basic.timestamp = UInt64(
                bitPattern: milliseconds >= 0 ? milliseconds / 1_000 : (milliseconds - 999) / 1_000)
            basic.delivery_mode = message.deliveryMode == .persistent ? 2 : 1
            basic.content_type = bytes(message.contentType.name)
            if !message.type.isEmpty {
                flags |= AMQP_BASIC_TYPE_FLAG
                basic.type = bytes(message.type)
            }
            if message.priority > 0 {
                flags |= AMQP_BASIC_PRIORITY_FLAG
                basic.priority = message.priority
            }
            var own: [(String, WireValue)] = []
            if message.hasExtras { extras(of: message, posting, at: now, &basic, &flags, &own) }
            if let key = message.key { own.append((WireHeader.key, .text(key))) }
            if message.body.isNull { own.append((WireHeader.nullBody, .flag(true))) }
            if ContentHead.timestamp(seconds: basic.timestamp, id: foreign == nil ? message.id : nil) != milliseconds {
                own.append((WireHeader.timestamp, .integer(milliseconds)))
            }
            if posting.copies > 0 { own.append((WireHeader.attempt, .integer(Int64(posting.copies)))) }
            if let due = posting.due { own.append((WireHeader.due, .integer(due.millisecondsUp))) }
            if let moment = posting.keptUntil { own.append((WireHeader.keptUntil, .integer(moment.millisecondsUp))) }
            if let moment = posting.appended { own.append((WireHeader.appended, .integer(moment.milliseconds))) }
            if let marker = posting.marker { own.append((WireHeader.marker, .text(marker))) }
            for step in posting.steps { own.append((WireHeader.step + String(step), .flag(true))) }
            if !message.headers.isEmpty {
                if let name = message.headers[HeaderName(WireHeader.appID)] {
                    flags |= AMQP_BASIC_APP_ID_FLAG
                    basic.app_id = bytes(name)
                }
                own += message.headers.wireFields
            }
            if !own.isEmpty {
                flags |= AMQP_BASIC_HEADERS_FLAG
                basic.headers = table(own)
            }
            basic._flags = amqp_flags_t(flags)
            return basic
        }

        private mutating func extras(
            of message: Message, _ posting: Posting, at now: Timestamp, _ basic: inout amqp_basic_properties_t,
            _ flags: inout Int32,
            _ own: inout [(String, WireValue)]
        ) {
            if let id = message.correlationID {
                flags |= AMQP_BASIC_CORRELATION_ID_FLAG
                basic.correlation_id = bytes(id)
            }
            if let address = message.replyTo {
                flags |= AMQP_BASIC_REPLY_TO_FLAG
                basic.reply_to = bytes(address)
            }
            if let encoding = message.contentEncoding {
                flags |= AMQP_BASIC_CONTENT_ENCODING_FLAG
                basic.content_encoding = bytes(encoding)
            }
            if let moment = message.notBefore { own.append((WireHeader.notBefore, .integer(moment.millisecondsUp))) }
            guard let moment = message.expiration else { return }
            own.append((WireHeader.expiration, .integer(moment.milliseconds)))
            // In the ladder it would cut its own delay short, and it would be gone behind the first step.
            guard posting.steps.isEmpty else { return }
            flags |= AMQP_BASIC_EXPIRATION_FLAG
            // The server counts from when it has the message, and takes at most 2^32 - 1.
            let rest = max(1, min(moment.milliseconds - now.milliseconds + 1, 4_294_967_295))
            basic.expiration = bytes(String(rest))
        }
    }

    extension Headers {
        /// As fields of an AMQP table, which has each name once: the second value of a name has the name with `;2`, the
        /// third with `;3`. A name that ends so by itself has `;1` added.
        var wireFields: [(String, WireValue)] {
            var counts: [HeaderName: Int] = [:]
            var all: [(String, WireValue)] = []
            all.reserveCapacity(fields.count)
            for field in fields where !WireHeader.isOurs(field.name.text) {
                let count = counts[field.name, default: 0] + 1
                counts[field.name] = count
                let name = field.name.text
                let isPlain = count == 1 && Self.numbered(name) == nil
                let value: WireValue =
                    switch field.value {
                    case .text(let text): .text(text)
                    case .bytes(let bytes): .bytes(bytes)
                    }
                all.append((isPlain ? name : "\(name);\(count)", value))
            }
            return all
        }

        /// A name that ends in a semicolon and a number, in its parts.
        static func numbered(_ name: String) -> (name: Substring, number: Int)? {
            guard let mark = name.utf8.lastIndex(of: UInt8(ascii: ";")) else { return nil }
            let digits = name[name.utf8.index(after: mark)...]
            guard !digits.isEmpty, digits.utf8.count < 6, digits.utf8.allSatisfy({ $0 >= 0x30 && $0 <= 0x39 }),
                let number = Int(digits), number > 0
            else { return nil }
            return (name[..<mark], number)
        }

        /// The headers of these fields of a table, numbered names put back in their order.
        init(wireFields fields: [Field]) {
            self.init(fields)
            guard fields.contains(where: { Self.numbered($0.name.text) != nil }) else { return }
            let names = Set(fields.map(\.name))
            var placed: [(group: Int, number: Int, field: Field)] = []
            var groups: [HeaderName: Int] = [:]
            for field in fields {
                var (name, number) = (field.name.text, 1)
                if let parts = Self.numbered(name) {
                    let first = HeaderName(String(parts.name))
                    let isFirst = names.contains(first) || names.contains(HeaderName("\(parts.name);1"))
                    if parts.number == 1 || isFirst { (name, number) = (first.text, parts.number) }
                }
                let group = groups[HeaderName(name)] ?? groups.count
                groups[HeaderName(name)] = group
                placed.append((group, number, Field(HeaderName(name), field.value)))
            }
            placed.sort { ($0.group, $0.number) < ($1.group, $1.number) }
            self.init(placed.map(\.field))
        }
    }

    /// What comes before a body: the message without it, and what the server and earlier runs say of it.
    struct ContentHead: Sendable {
        var message: Message
        var bodyCount: Int
        /// The copies that retries have made.
        var copies: Int32 = 0
        /// How often the server got it back.
        var returns: Int32?
        var isNull = false
        /// When a retry is due.
        var due: Timestamp?
        /// Until when its queue keeps it.
        var keptUntil: Timestamp?
        /// Where it stands in a log.
        var offset: UInt64?
        /// When it was published to a stream.
        var appended: Timestamp?
        /// What it marks, where it is no message.
        var marker: String?

        init(_ basic: amqp_basic_properties_t, bodyCount: Int) {
            let flags = Int32(bitPattern: basic._flags)
            func text(_ flag: Int32, _ bytes: amqp_bytes_t) -> String? { flags & flag != 0 ? bytes.text : nil }
            let written = text(AMQP_BASIC_MESSAGE_ID_FLAG, basic.message_id)
            let own = written.flatMap { $0.utf8.count == 26 ? MessageID($0) : nil }
            let id = own ?? written.map(MessageID.init(foreign:)) ?? MessageID()
            message = Message(type: text(AMQP_BASIC_TYPE_FLAG, basic.type) ?? "", id: id, timestamp: id.timestamp)
            self.bodyCount = bodyCount
            if flags & AMQP_BASIC_TIMESTAMP_FLAG != 0 {
                message.timestamp = Timestamp(milliseconds: Self.timestamp(seconds: basic.timestamp, id: own))
            } else if own == nil {
                message.timestamp = .now
            }
            if let name = text(AMQP_BASIC_CONTENT_TYPE_FLAG, basic.content_type) {
                message.contentType = ContentType(name)
            }
            if flags & AMQP_BASIC_DELIVERY_MODE_FLAG == 0 || basic.delivery_mode != 2 {
                message.deliveryMode = .transient
            }
            if flags & AMQP_BASIC_PRIORITY_FLAG != 0 { message.priority = min(basic.priority, Message.highestPriority) }
            if let id = text(AMQP_BASIC_CORRELATION_ID_FLAG, basic.correlation_id) { message.correlationID = id }
            if let address = text(AMQP_BASIC_REPLY_TO_FLAG, basic.reply_to) { message.replyTo = address }
            if let name = text(AMQP_BASIC_CONTENT_ENCODING_FLAG, basic.content_encoding) {
                message.contentEncoding = name
            }
            var fields: [Headers.Field] = []
            if flags & AMQP_BASIC_HEADERS_FLAG != 0 { read(basic.headers, &fields) }
            func add(_ name: String, _ value: String?) {
                if let value { fields.append(.init(HeaderName(name), .text(value))) }
            }
            if own == nil { add(WireHeader.foreignID, written) }
            add(WireHeader.appID, text(AMQP_BASIC_APP_ID_FLAG, basic.app_id))
            add(WireHeader.userID, text(AMQP_BASIC_USER_ID_FLAG, basic.user_id))
            if !fields.isEmpty { message.headers = Headers(wireFields: fields) }
        }

        /// The milliseconds of a timestamp in seconds: those of an id of ours where it was made in the same second.
        static func timestamp(seconds: UInt64, id: MessageID?) -> Int64 {
            let seconds = Int64(bitPattern: seconds)
            if let made = id?.timestamp.milliseconds, made / 1_000 == seconds { return made }
            let (product, overflow) = seconds.multipliedReportingOverflow(by: 1_000)
            return overflow ? (seconds < 0 ? .min : .max) : product
        }

        private mutating func read(_ table: amqp_table_t, _ fields: inout [Headers.Field]) {
            fields.reserveCapacity(table.fields.count)
            var death: amqp_field_value_t?
            for entry in table.fields {
                let name = entry.key.text
                switch name {
                case WireHeader.key: message.key = entry.value.text
                case WireHeader.attempt: copies = Int32(clamping: entry.value.integer ?? 0)
                case WireHeader.notBefore: message.notBefore = entry.value.integer.map(Timestamp.init(milliseconds:))
                case WireHeader.due: due = entry.value.integer.map(Timestamp.init(milliseconds:))
                case WireHeader.expiration: message.expiration = entry.value.integer.map(Timestamp.init(milliseconds:))
                case WireHeader.keptUntil: keptUntil = entry.value.integer.map(Timestamp.init(milliseconds:))
                case WireHeader.timestamp:
                    if let moment = entry.value.integer { message.timestamp = Timestamp(milliseconds: moment) }
                case WireHeader.appended: appended = entry.value.integer.map(Timestamp.init(milliseconds:))
                case WireHeader.marker: marker = entry.value.text
                case WireHeader.nullBody: isNull = entry.value.integer == 1
                case "x-delivery-count": returns = Int32(clamping: entry.value.integer ?? 0)
                case "x-stream-offset": offset = entry.value.integer.map { UInt64(bitPattern: $0) }
                case "x-death": death = entry.value
                default:
                    if WireHeader.isTheServers(name) || name.hasPrefix(WireHeader.step) { continue }
                    fields.append(.init(HeaderName(name), entry.value.header))
                }
            }
            if let death = death?.death { died(death, &fields) }
        }

        /// Its times and its attempts are those of the queue that it died in; the server takes its own mark of them away, too.
        private mutating func died(_ death: amqp_table_t, _ fields: inout [Headers.Field]) {
            let ends = [message.expiration, keptUntil].compactMap(\.self)
            (message.expiration, message.notBefore, keptUntil, due) = (nil, nil, nil, nil)
            copies = 0
            if fields.contains(where: { $0.name == .deadLetterReason }) { return }
            let moment = death.fields.first { $0.key.text == "time" }?.value.moment
            var reason = death.text(of: "reason")
            // What has expired in this library's hands, before anybody saw it, was rejected. The server tells the second.
            if let moment, reason == "rejected", ends.contains(where: { $0.seconds <= moment.seconds }) {
                reason = "expired"
            }
            fields.append(.init(.deadLetterReason, .text(reason)))
            fields.append(.init(.deadLetterOrigin, .text(death.text(of: "queue"))))
            if let moment { fields.append(.init(.deadLetterLastFailure, .text(moment.description))) }
        }
    }

    extension Timestamp {
        /// Whole milliseconds, rounded up: what is not to be before a moment is not before this.
        fileprivate var millisecondsUp: Int64 {
            milliseconds + (Timestamp(milliseconds: milliseconds) < self ? 1 : 0)
        }

        /// Whole seconds, rounded down.
        fileprivate var seconds: Int64 { (milliseconds - (milliseconds < 0 ? 999 : 0)) / 1_000 }
    }

    extension MessageID {
        /// An id for one of a stranger's: the same for the same text, with no time in it. FNV-1a, 128 bits in two halves.
        init(foreign text: String) {
            func hash(_ start: UInt64) -> UInt64 {
                text.utf8.reduce(start) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 }
            }
            self.init(high: hash(0xCBF2_9CE4_8422_2325), low: hash(0x8422_2325_CBF2_9CE4))
        }
    }

    extension amqp_field_value_t {
        private func isKind(_ wanted: amqp_field_value_kind_t) -> Bool {
            kind == UInt8(truncatingIfNeeded: wanted.rawValue)
        }

        /// As text, where it is a text.
        var text: String? {
            isKind(AMQP_FIELD_KIND_UTF8) || isKind(AMQP_FIELD_KIND_BYTES) ? value.bytes.text : nil
        }

        /// As a number, where it is one or a truth value.
        var integer: Int64? {
            switch UInt32(kind) {
            case AMQP_FIELD_KIND_BOOLEAN.rawValue: value.boolean != 0 ? 1 : 0
            case AMQP_FIELD_KIND_I8.rawValue: Int64(value.i8)
            case AMQP_FIELD_KIND_U8.rawValue: Int64(value.u8)
            case AMQP_FIELD_KIND_I16.rawValue: Int64(value.i16)
            case AMQP_FIELD_KIND_U16.rawValue: Int64(value.u16)
            case AMQP_FIELD_KIND_I32.rawValue: Int64(value.i32)
            case AMQP_FIELD_KIND_U32.rawValue: Int64(value.u32)
            case AMQP_FIELD_KIND_I64.rawValue: value.i64
            case AMQP_FIELD_KIND_U64.rawValue, AMQP_FIELD_KIND_TIMESTAMP.rawValue: Int64(clamping: value.u64)
            default: nil
            }
        }

        /// As the value of a header: texts and bytes as they are, whatever else AMQP has as its text, tables and arrays as
        /// JSON.
        var header: HeaderValue {
            if isKind(AMQP_FIELD_KIND_BYTES) { return .bytes(Array(value.bytes.raw)) }
            if isKind(AMQP_FIELD_KIND_UTF8) {
                let bytes = Array(value.bytes.raw)
                return String(validating: bytes, as: UTF8.self).map { .text($0) } ?? .bytes(bytes)
            }
            return .text(json(depth: 0, isQuoted: false))
        }

        private func json(depth: Int, isQuoted: Bool) -> String {
            switch UInt32(kind) {
            case AMQP_FIELD_KIND_BOOLEAN.rawValue: value.boolean != 0 ? "true" : "false"
            case AMQP_FIELD_KIND_F32.rawValue: "\(value.f32)"
            case AMQP_FIELD_KIND_F64.rawValue: "\(value.f64)"
            case AMQP_FIELD_KIND_DECIMAL.rawValue: value.decimal.text
            case AMQP_FIELD_KIND_VOID.rawValue: isQuoted ? "null" : ""
            case AMQP_FIELD_KIND_TIMESTAMP.rawValue: isQuoted ? "\"\(moment)\"" : "\(moment)"
            case AMQP_FIELD_KIND_TABLE.rawValue where depth < 16:
                "{"
                    + value.table.fields.map {
                        "\($0.key.text.asJSON):\($0.value.json(depth: depth + 1, isQuoted: true))"
                    }
                    .joined(separator: ",") + "}"
            case AMQP_FIELD_KIND_ARRAY.rawValue where depth < 16:
                "[" + elements.map { $0.json(depth: depth + 1, isQuoted: true) }.joined(separator: ",") + "]"
            default: integer.map(String.init) ?? (text ?? "").asJSON
            }
        }

        fileprivate var moment: Timestamp {
            Timestamp(milliseconds: ContentHead.timestamp(seconds: value.u64, id: nil))
        }

        private var elements: UnsafeBufferPointer<amqp_field_value_t> {
            let array = value.array
            return UnsafeBufferPointer(start: array.entries, count: Int(max(0, array.num_entries)))
        }

        /// What the server says last of a message that it has dead-lettered itself; the delay ladder aside.
        var death: amqp_table_t? {
            guard isKind(AMQP_FIELD_KIND_ARRAY) else { return nil }
            return elements.lazy.filter { $0.isKind(AMQP_FIELD_KIND_TABLE) }.map(\.value.table).first { table in
                let queue = table.text(of: "queue")
                return !queue.isEmpty && !DelayLadder.isStep(queue)
            }
        }
    }

    extension amqp_decimal_t {
        /// In digits with a point.
        fileprivate var text: String {
            let digits = String(value)
            let count = Int(decimals)
            if count == 0 { return digits }
            let padded = String(repeating: "0", count: max(0, count + 1 - digits.count)) + digits
            return "\(padded.dropLast(count)).\(padded.suffix(count))"
        }
    }

    extension String {
        /// As a JSON text (RFC 8259, §7).
        fileprivate var asJSON: String {
            var text = "\""
            for scalar in unicodeScalars {
                switch scalar {
                case "\"": text += "\\\""
                case "\\": text += "\\\\"
                case _ where scalar.value < 0x20:
                    text += "\\u" + String(repeating: "0", count: scalar.value < 16 ? 3 : 2)
                    text += String(scalar.value, radix: 16)
                default: text.unicodeScalars.append(scalar)
                }
            }
            return text + "\""
        }
    }
#endif
