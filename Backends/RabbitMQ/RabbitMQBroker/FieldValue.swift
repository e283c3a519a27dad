#if RabbitMQ
    import CRabbitMQ
    import Messaging

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

        var moment: Timestamp { Timestamp(milliseconds: ContentHead.timestamp(seconds: value.u64, id: nil)) }

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
