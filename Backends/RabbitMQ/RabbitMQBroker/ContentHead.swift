#if RabbitMQ
    import CRabbitMQ
    import Messaging

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
            let hasID = flags & AMQP_BASIC_MESSAGE_ID_FLAG != 0
            let own = hasID ? MessageID(utf8: basic.message_id.raw) : nil
            let written = own == nil ? text(AMQP_BASIC_MESSAGE_ID_FLAG, basic.message_id) : nil
            let id = own ?? written.map(MessageID.init(foreign:)) ?? MessageID()
            message = Message(type: text(AMQP_BASIC_TYPE_FLAG, basic.type) ?? "", id: id, timestamp: id.timestamp)
            self.bodyCount = bodyCount
            if flags & AMQP_BASIC_TIMESTAMP_FLAG != 0 {
                message.timestamp = Timestamp(milliseconds: Self.timestamp(seconds: basic.timestamp, id: own))
            } else if own == nil {
                message.timestamp = .now
            }
            if flags & AMQP_BASIC_CONTENT_TYPE_FLAG != 0 {
                message.contentType = ContentType(utf8: basic.content_type.raw)
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
            add(WireHeader.foreignID, written)
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

    extension Timestamp {
        /// Whole seconds, rounded down.
        fileprivate var seconds: Int64 { (milliseconds - (milliseconds < 0 ? 999 : 0)) / 1_000 }
    }
#endif
