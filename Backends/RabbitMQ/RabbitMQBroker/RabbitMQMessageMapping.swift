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
            basic.message_id = foreign.map { bytes($0) } ?? bytes(message.id)
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

    extension Timestamp {
        /// Whole milliseconds, rounded up: what is not to be before a moment is not before this.
        fileprivate var millisecondsUp: Int64 {
            milliseconds + (Timestamp(milliseconds: milliseconds) < self ? 1 : 0)
        }
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
#endif
