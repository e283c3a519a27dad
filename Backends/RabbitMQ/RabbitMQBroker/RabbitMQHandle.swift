#if RabbitMQ
    import CRabbitMQ
    import Messaging

    /// librabbitmq's decoder of one connection: bytes in, frames out. It has no socket and never waits; bytes come and go
    /// by `ByteStream`, so that nothing of the library can block a thread, over TLS neither.
    ///
    /// `@unchecked Sendable`: touched on the connection's loop alone.
    final class RabbitMQHandle: @unchecked Sendable {
        private let state: amqp_connection_state_t

        /// Nil where there is no memory.
        init?() {
            guard let state = amqp_new_connection() else { return nil }
            self.state = state
        }

        deinit { amqp_destroy_connection(state) }

        /// Frames of at most so many bytes are expected from now on; false where there is no memory.
        func expectFrames(ofAtMost bytes: Int) -> Bool {
            amqp_tune_connection(state, 0, Int32(clamping: bytes), 0) == 0
        }

        /// Calls `hear` with each whole frame, which lives during the call only; half a frame is kept until the rest comes.
        /// False where the bytes are not AMQP, or `hear` has answered false.
        func decode(_ bytes: UnsafeRawBufferPointer, _ hear: (Int, ServerFrame) -> Bool) -> Bool {
            var rest = amqp_bytes_t(len: bytes.count, bytes: UnsafeMutableRawPointer(mutating: bytes.baseAddress))
            while rest.len > 0 {
                var frame = amqp_frame_t()
                let count = Int(amqp_handle_input(state, rest, &frame))
                guard count > 0, count <= rest.len else { return false }
                rest.bytes = rest.bytes.map { $0 + count }
                rest.len -= count
                guard frame.frame_type != 0 else { continue }
                let goesOn = ServerFrame(frame).map { hear(Int(frame.channel), $0) } ?? true
                amqp_maybe_release_buffers_on_channel(state, frame.channel)
                if !goesOn { return false }
            }
            return true
        }
    }

    /// Memory for what is written in one go: texts and tables as librabbitmq's encoders read them, gone with this value.
    struct WireArena: ~Copyable {
        private var blocks: [UnsafeMutableRawPointer] = []
        private var next: UnsafeMutableRawPointer?
        private var room = 0

        deinit { for block in blocks { block.deallocate() } }

        /// Uninitialized memory for values of a type.
        mutating func allocate<Value>(_ type: Value.Type, count: Int) -> UnsafeMutablePointer<Value> {
            let size = (max(1, count) * MemoryLayout<Value>.stride + 15) & ~15
            if size > room {
                let capacity = max(size, 1_024)
                let block = UnsafeMutableRawPointer.allocate(byteCount: capacity, alignment: 16)
                blocks.append(block)
                (next, room) = (block, capacity)
            }
            let start = next ?? UnsafeMutableRawPointer.allocate(byteCount: size, alignment: 16)
            next = start + size
            room -= size
            return start.bindMemory(to: Value.self, capacity: max(1, count))
        }

        /// Forgets everything that was given out, and keeps the memory of the last block.
        mutating func reset() {
            while blocks.count > 1 { blocks.removeFirst().deallocate() }
            guard let block = blocks.first else { return }
            if let next { room += next - block }
            next = block
        }

        /// A copy of a text.
        mutating func bytes(_ text: String) -> amqp_bytes_t {
            var text = text
            return text.withUTF8 { copy(UnsafeRawBufferPointer($0)) }
        }

        /// The text of an id.
        mutating func bytes(_ id: MessageID) -> amqp_bytes_t {
            let place = allocate(UInt8.self, count: MessageID.textCount)
            id.write(to: place)
            return amqp_bytes_t(len: MessageID.textCount, bytes: place)
        }

        /// A copy of bytes.
        mutating func bytes(_ bytes: [UInt8]) -> amqp_bytes_t { bytes.withUnsafeBytes { copy($0) } }

        private mutating func copy(_ bytes: UnsafeRawBufferPointer) -> amqp_bytes_t {
            let place = UnsafeMutableRawPointer(allocate(UInt8.self, count: bytes.count))
            if let base = bytes.baseAddress { place.copyMemory(from: base, byteCount: bytes.count) }
            return amqp_bytes_t(len: bytes.count, bytes: place)
        }

        /// A table of these fields, in their order.
        mutating func table(_ fields: [(String, WireValue)]) -> amqp_table_t {
            let entries = allocate(amqp_table_entry_t.self, count: fields.count)
            for (index, field) in fields.enumerated() {
                (entries + index).initialize(to: amqp_table_entry_t(key: bytes(field.0), value: value(field.1)))
            }
            return amqp_table_t(num_entries: Int32(clamping: fields.count), entries: entries)
        }

        private mutating func value(_ value: WireValue) -> amqp_field_value_t {
            var field = amqp_field_value_t()
            switch value {
            case .text(let text):
                field.kind = UInt8(AMQP_FIELD_KIND_UTF8.rawValue)
                field.value.bytes = bytes(text)
            case .bytes(let array):
                field.kind = UInt8(AMQP_FIELD_KIND_BYTES.rawValue)
                field.value.bytes = bytes(array)
            case .integer(let number):
                field.kind = UInt8(AMQP_FIELD_KIND_I64.rawValue)
                field.value.i64 = number
            case .flag(let flag):
                field.kind = UInt8(AMQP_FIELD_KIND_BOOLEAN.rawValue)
                field.value.boolean = flag ? 1 : 0
            case .moment(let seconds):
                field.kind = UInt8(AMQP_FIELD_KIND_TIMESTAMP.rawValue)
                field.value.u64 = seconds
            case .table(let fields):
                field.kind = UInt8(AMQP_FIELD_KIND_TABLE.rawValue)
                field.value.table = table(fields)
            }
            return field
        }
    }

    /// A value of a table, as this backend writes them.
    enum WireValue: Sendable {
        case text(String)
        case bytes([UInt8])
        case integer(Int64)
        case flag(Bool)
        /// Seconds since 1970.
        case moment(UInt64)
        case table([(String, WireValue)])
    }
#endif
