#if RabbitMQ
    import CRabbitMQ
    import Messaging

    /// Frames of AMQP 0-9-1 (§2.3.5) one behind the other, as they go to the server: methods and properties are encoded by
    /// librabbitmq, the seven bytes before and the one behind them here.
    struct FrameWriter: ~Copyable {
        private(set) var bytes: [UInt8] = []
        private var scratch = UnsafeMutableRawBufferPointer.allocate(byteCount: 1_024, alignment: 16)
        var arena = WireArena()
        /// How many bytes a frame has at most, with the eight around it: what client and server have agreed on.
        let frameSize: Int

        init(frameSize: Int = 131_072) { self.frameSize = frameSize }

        deinit { scratch.deallocate() }

        /// What was written, which is then forgotten.
        mutating func take() -> [UInt8] {
            defer { bytes = [] }
            return bytes
        }

        mutating func reserve(_ count: Int) { bytes.reserveCapacity(bytes.count + count) }

        mutating func append(_ more: [UInt8]) { bytes.append(contentsOf: more) }

        mutating func removeLast(_ count: Int) { bytes.removeLast(count) }

        /// A method frame; false where librabbitmq cannot encode it, and then nothing is written.
        mutating func method<Fields>(_ id: UInt32, _ fields: Fields, on channel: Int) -> Bool {
            var fields = fields
            guard
                let count = encoded({ room in
                    withUnsafeMutablePointer(to: &fields) { amqp_encode_method(id, UnsafeMutableRawPointer($0), room) }
                })
            else { return false }
            begin(1, channel, count + 4)
            big(id)
            finish(count)
            return true
        }

        /// The frames of a content: its header, and its body in as many as the frame size asks for. False where the
        /// properties are too large for one frame; then nothing is written.
        mutating func content(_ properties: amqp_basic_properties_t, _ body: Body, on channel: Int) -> Bool {
            var properties = properties
            guard
                let count = encoded({ room in
                    withUnsafeMutablePointer(to: &properties) {
                        amqp_encode_properties(60, UnsafeMutableRawPointer($0), room)
                    }
                }), count + 20 <= frameSize
            else { return false }
            begin(2, channel, count + 12)
            big(UInt32(60) << 16)
            big(UInt32(0))
            big(UInt32(truncatingIfNeeded: body.count))
            finish(count)
            body.withBytes { write($0, on: channel) }
            return true
        }

        /// Body frames.
        private mutating func write(_ body: UnsafeRawBufferPointer, on channel: Int) {
            let most = max(1, frameSize - 8)
            var rest = body[...]
            while !rest.isEmpty {
                let piece = rest.prefix(most)
                begin(3, channel, piece.count)
                bytes.append(contentsOf: UnsafeRawBufferPointer(rebasing: piece))
                bytes.append(0xCE)
                rest = rest.dropFirst(piece.count)
            }
        }

        /// Frames that were made for a larger frame size, bodies in as many as they need now. False where a frame is too large
        /// that is none of a body.
        mutating func append(splitting frames: [UInt8]) -> Bool {
            frames.withUnsafeBytes { all in
                var rest = all[...]
                while rest.count >= 8 {
                    let (type, start) = (rest[rest.startIndex], rest.startIndex)
                    let channel = Int(rest[start + 1]) << 8 | Int(rest[start + 2])
                    let count = rest[(start + 3)..<(start + 7)].reduce(0) { $0 << 8 | Int($1) }
                    let frame = rest.prefix(count + 8)
                    if frame.count <= frameSize {
                        bytes.append(contentsOf: UnsafeRawBufferPointer(rebasing: frame))
                    } else if type == 3 {
                        write(UnsafeRawBufferPointer(rebasing: frame.dropFirst(7).prefix(count)), on: channel)
                    } else {
                        return false
                    }
                    rest = rest.dropFirst(frame.count)
                }
                return true
            }
        }

        mutating func heartbeat() {
            begin(8, 0, 0)
            bytes.append(0xCE)
        }

        /// How many bytes an encoder has written to the scratch, which grows until they fit; nil where they never do.
        private mutating func encoded(_ encode: (amqp_bytes_t) -> Int32) -> Int? {
            while true {
                let count = encode(amqp_bytes_t(len: scratch.count, bytes: scratch.baseAddress))
                if count >= 0 { return Int(count) }
                guard scratch.count < 1 << 20 else { return nil }
                let size = scratch.count * 8
                scratch.deallocate()
                scratch = .allocate(byteCount: size, alignment: 16)
            }
        }

        private mutating func begin(_ type: UInt8, _ channel: Int, _ count: Int) {
            bytes.append(type)
            bytes.append(UInt8(truncatingIfNeeded: channel >> 8))
            bytes.append(UInt8(truncatingIfNeeded: channel))
            big(UInt32(truncatingIfNeeded: count))
        }

        private mutating func finish(_ count: Int) {
            bytes.append(contentsOf: UnsafeRawBufferPointer(rebasing: scratch[..<count]))
            bytes.append(0xCE)
        }

        private mutating func big(_ number: UInt32) {
            withUnsafeBytes(of: number.bigEndian) { bytes.append(contentsOf: $0) }
        }
    }

    /// A method that is sent and answered: its frame is made for the channel that it goes out on.
    struct Request: Sendable {
        /// The method of the answer.
        let answer: UInt32
        /// What it is about, for sentences: `queue orders`.
        let subject: String
        private let encode: @Sendable (inout FrameWriter, Int) -> Bool

        init(_ subject: String, answer: Int, _ encode: @escaping @Sendable (inout FrameWriter, Int) -> Bool) {
            self.answer = UInt32(answer)
            self.subject = subject
            self.encode = encode
        }

        /// The frame for a channel; nil where it cannot be encoded.
        func frame(on channel: Int) -> [UInt8]? {
            var writer = FrameWriter()
            return encode(&writer, channel) ? writer.take() : nil
        }
    }

    extension Request {
        static let openChannel = Request("channel", answer: 0x0014_000B) { writer, channel in
            writer.method(0x0014_000A, amqp_channel_open_t(out_of_band: amqp_bytes_t()), on: channel)
        }

        static let closeChannel = Request("channel", answer: 0x0014_0029) { writer, channel in
            let close = amqp_channel_close_t(reply_code: 200, reply_text: amqp_bytes_t(), class_id: 0, method_id: 0)
            return writer.method(0x0014_0028, close, on: channel)
        }

        static let closeConnection = Request("connection", answer: 0x000A_0033) { writer, channel in
            let close = amqp_connection_close_t(reply_code: 200, reply_text: amqp_bytes_t(), class_id: 0, method_id: 0)
            return writer.method(0x000A_0032, close, on: channel)
        }

        static let selectConfirms = Request("channel", answer: 0x0055_000B) { writer, channel in
            writer.method(0x0055_000A, amqp_confirm_select_t(nowait: 0), on: channel)
        }

        static func limitConsumers(to count: Int) -> Request {
            Request("channel", answer: 0x003C_000B) { writer, channel in
                let qos = amqp_basic_qos_t(prefetch_size: 0, prefetch_count: UInt16(clamping: count), global: 0)
                return writer.method(0x003C_000A, qos, on: channel)
            }
        }

        static func declareExchange(_ name: String, type: String, _ arguments: [(String, WireValue)] = []) -> Request {
            Request("exchange \(name)", answer: 0x0028_000B) { writer, channel in
                var declare = amqp_exchange_declare_t()
                declare.exchange = writer.arena.bytes(name)
                declare.type = writer.arena.bytes(type)
                declare.durable = 1
                declare.arguments = writer.arena.table(arguments)
                return writer.method(0x0028_000A, declare, on: channel)
            }
        }

        static func findExchange(_ name: String) -> Request {
            Request("exchange \(name)", answer: 0x0028_000B) { writer, channel in
                var declare = amqp_exchange_declare_t()
                declare.exchange = writer.arena.bytes(name)
                declare.type = writer.arena.bytes("")
                declare.passive = 1
                return writer.method(0x0028_000A, declare, on: channel)
            }
        }

        static func deleteExchange(_ name: String) -> Request {
            Request("exchange \(name)", answer: 0x0028_0015) { writer, channel in
                var delete = amqp_exchange_delete_t()
                delete.exchange = writer.arena.bytes(name)
                return writer.method(0x0028_0014, delete, on: channel)
            }
        }

        /// A queue that lasts, or one that is this connection's alone and goes with it.
        static func declareQueue(
            _ name: String, isExclusive: Bool = false, _ arguments: [(String, WireValue)]
        ) -> Request {
            Request(name.isEmpty ? "queue" : "queue \(name)", answer: 0x0032_000B) { writer, channel in
                var declare = amqp_queue_declare_t()
                declare.queue = writer.arena.bytes(name)
                declare.durable = isExclusive ? 0 : 1
                declare.exclusive = isExclusive ? 1 : 0
                declare.auto_delete = isExclusive ? 1 : 0
                declare.arguments = writer.arena.table(arguments)
                return writer.method(0x0032_000A, declare, on: channel)
            }
        }

        static func findQueue(_ name: String) -> Request {
            Request("queue \(name)", answer: 0x0032_000B) { writer, channel in
                var declare = amqp_queue_declare_t()
                declare.queue = writer.arena.bytes(name)
                declare.passive = 1
                return writer.method(0x0032_000A, declare, on: channel)
            }
        }

        static func purgeQueue(_ name: String) -> Request {
            Request("queue \(name)", answer: 0x0032_001F) { writer, channel in
                var purge = amqp_queue_purge_t()
                purge.queue = writer.arena.bytes(name)
                return writer.method(0x0032_001E, purge, on: channel)
            }
        }

        static func deleteQueue(_ name: String) -> Request {
            Request("queue \(name)", answer: 0x0032_0029) { writer, channel in
                var delete = amqp_queue_delete_t()
                delete.queue = writer.arena.bytes(name)
                return writer.method(0x0032_0028, delete, on: channel)
            }
        }

        static func bindQueue(
            _ queue: String, to exchange: String, key: String, _ arguments: [(String, WireValue)] = []
        ) -> Request {
            Request("queue \(queue)", answer: 0x0032_0015) { writer, channel in
                var bind = amqp_queue_bind_t()
                bind.queue = writer.arena.bytes(queue)
                bind.exchange = writer.arena.bytes(exchange)
                bind.routing_key = writer.arena.bytes(key)
                bind.arguments = writer.arena.table(arguments)
                return writer.method(0x0032_0014, bind, on: channel)
            }
        }

        /// What goes to the exchange `source` goes to `exchange` too.
        static func bindExchange(_ exchange: String, to source: String, key: String = "") -> Request {
            Request("exchange \(exchange)", answer: 0x0028_001F) { writer, channel in
                var bind = amqp_exchange_bind_t()
                bind.destination = writer.arena.bytes(exchange)
                bind.source = writer.arena.bytes(source)
                bind.routing_key = writer.arena.bytes(key)
                return writer.method(0x0028_001E, bind, on: channel)
            }
        }

        static func consume(
            _ queue: String, as tag: String, isAcknowledged: Bool, _ arguments: [(String, WireValue)] = []
        ) -> Request {
            Request("queue \(queue)", answer: 0x003C_0015) { writer, channel in
                var consume = amqp_basic_consume_t()
                consume.queue = writer.arena.bytes(queue)
                consume.consumer_tag = writer.arena.bytes(tag)
                consume.no_ack = isAcknowledged ? 0 : 1
                consume.arguments = writer.arena.table(arguments)
                return writer.method(0x003C_0014, consume, on: channel)
            }
        }

        static func cancelConsumer(_ tag: String) -> Request {
            Request("consumer \(tag)", answer: 0x003C_001F) { writer, channel in
                var cancel = amqp_basic_cancel_t()
                cancel.consumer_tag = writer.arena.bytes(tag)
                return writer.method(0x003C_001E, cancel, on: channel)
            }
        }
    }
#endif
