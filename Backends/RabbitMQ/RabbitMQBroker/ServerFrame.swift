#if RabbitMQ
    import CRabbitMQ
    import Glibc
    import Messaging

    /// A frame that the server has sent, as far as this backend has a use for it.
    enum ServerFrame {
        case method(ServerMethod)
        // These live during the call only.
        case delivery(UnsafePointer<amqp_basic_deliver_t>)
        case head(UnsafePointer<amqp_basic_properties_t>, bodyCount: Int)
        case body(UnsafeRawBufferPointer)
        case heartbeat
        /// The server wants another version of AMQP, and says which.
        case otherVersion(String)

        /// Nil for what is of no use.
        init?(_ frame: amqp_frame_t) {
            switch frame.frame_type {
            case 1 where frame.payload.method.id == 0x003C_003C:
                guard let fields = frame.payload.method.decoded else { return nil }
                self = .delivery(UnsafePointer(fields.assumingMemoryBound(to: amqp_basic_deliver_t.self)))
            case 1:
                guard let method = ServerMethod(frame.payload.method) else { return nil }
                self = .method(method)
            case 2:
                let properties = frame.payload.properties
                guard properties.class_id == 60, let decoded = properties.decoded else { return nil }
                let basic = decoded.assumingMemoryBound(to: amqp_basic_properties_t.self)
                self = .head(UnsafePointer(basic), bodyCount: Int(clamping: properties.body_size))
            case 3: self = .body(frame.payload.body_fragment.raw)
            case 8: self = .heartbeat
            case UInt8(ascii: "A"):
                let version = frame.payload.protocol_header
                self = .otherVersion("\(version.protocol_version_major).\(version.protocol_version_minor)")
            default: return nil
            }
        }
    }

    /// A method of the server's. Texts are copied: librabbitmq's die with the frame.
    enum ServerMethod: Sendable {
        case start(mechanisms: String, product: String)
        case tune(channels: Int, frameSize: Int, heartbeat: Int)
        case closeConnection(code: Int, text: String)
        case blocked(String)
        case unblocked
        case closeChannel(code: Int, text: String)
        case returned(Returned)
        case confirmed(tag: UInt64, multiple: Bool)
        case refused(tag: UInt64, multiple: Bool)
        case cancelled(consumer: String)
        /// The answer to a request.
        case answer(Answer)

        struct Deliver: Sendable {
            var consumer: String
            var tag: UInt64
            var isRedelivered: Bool
            var key: String

            init(_ deliver: amqp_basic_deliver_t) {
                consumer = deliver.consumer_tag.text
                tag = deliver.delivery_tag
                isRedelivered = deliver.redelivered != 0
                key = deliver.routing_key.text
            }

            /// As the next one of a channel, which mostly has the same texts.
            mutating func becomes(_ deliver: amqp_basic_deliver_t) {
                if !deliver.consumer_tag.isEqual(to: consumer) { consumer = deliver.consumer_tag.text }
                if !deliver.routing_key.isEqual(to: key) { key = deliver.routing_key.text }
                tag = deliver.delivery_tag
                isRedelivered = deliver.redelivered != 0
            }
        }

        struct Returned: Sendable {
            var code: Int
            var text: String
            var key: String
        }

        struct Answer: Sendable {
            var method: UInt32
            /// The name of a queue or of a consumer.
            var name = ""
            var messages = 0
            var consumers = 0
        }

        init?(_ method: amqp_method_t) {
            guard let fields = method.decoded else { return nil }
            func at<Fields>(_ type: Fields.Type) -> Fields { fields.assumingMemoryBound(to: type).pointee }
            switch Int(method.id) {
            case 0x003C_0050:
                let ack = at(amqp_basic_ack_t.self)
                self = .confirmed(tag: ack.delivery_tag, multiple: ack.multiple != 0)
            case 0x003C_0078:
                let nack = at(amqp_basic_nack_t.self)
                self = .refused(tag: nack.delivery_tag, multiple: nack.multiple != 0)
            case 0x003C_0032:
                let back = at(amqp_basic_return_t.self)
                self = .returned(
                    Returned(
                        code: Int(back.reply_code), text: back.reply_text.text, key: back.routing_key.text))
            case 0x003C_001E: self = .cancelled(consumer: at(amqp_basic_cancel_t.self).consumer_tag.text)
            case 0x0014_0028:
                let close = at(amqp_channel_close_t.self)
                self = .closeChannel(code: Int(close.reply_code), text: close.reply_text.text)
            case 0x000A_0032:
                let close = at(amqp_connection_close_t.self)
                self = .closeConnection(code: Int(close.reply_code), text: close.reply_text.text)
            case 0x000A_003C: self = .blocked(at(amqp_connection_blocked_t.self).reason.text)
            case 0x000A_003D: self = .unblocked
            case 0x000A_000A:
                let start = at(amqp_connection_start_t.self)
                self = .start(mechanisms: start.mechanisms.text, product: start.server_properties.text(of: "version"))
            case 0x000A_001E:
                let tune = at(amqp_connection_tune_t.self)
                self = .tune(
                    channels: Int(tune.channel_max), frameSize: Int(tune.frame_max), heartbeat: Int(tune.heartbeat))
            case 0x0032_000B:
                let found = at(amqp_queue_declare_ok_t.self)
                self = .answer(
                    Answer(
                        method: method.id, name: found.queue.text, messages: Int(found.message_count),
                        consumers: Int(found.consumer_count)))
            case 0x0032_001F:
                self = .answer(
                    Answer(method: method.id, messages: Int(at(amqp_queue_purge_ok_t.self).message_count)))
            case 0x003C_0015:
                self = .answer(Answer(method: method.id, name: at(amqp_basic_consume_ok_t.self).consumer_tag.text))
            default: self = .answer(Answer(method: method.id))
            }
        }
    }

    extension amqp_bytes_t {
        /// Where the bytes are.
        var raw: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: bytes, count: len) }

        func isEqual(to text: String) -> Bool {
            var text = text
            return text.withUTF8 { text in
                guard text.count == len, len > 0, let bytes, let base = text.baseAddress else { return false }
                return memcmp(bytes, base, len) == 0
            }
        }

        /// A copy as text; what is not UTF-8 is replaced.
        var text: String { String(decoding: raw, as: UTF8.self) }
    }

    extension amqp_table_t {
        /// The fields where they are.
        var fields: UnsafeBufferPointer<amqp_table_entry_t> {
            UnsafeBufferPointer(start: entries, count: Int(max(0, num_entries)))
        }

        /// A text by its name; empty where there is none.
        func text(of name: String) -> String {
            fields.first { $0.key.text == name && $0.value.kind == UInt8(AMQP_FIELD_KIND_UTF8.rawValue) }?
                .value.value.bytes.text ?? ""
        }
    }
#endif
