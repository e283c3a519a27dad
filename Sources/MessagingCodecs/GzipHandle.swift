#if Compression
    import CZlib
    import Messaging

    /// The state of zlib for one direction; freed with the object.
    private final class GzipStream {
        let stream = UnsafeMutablePointer<z_stream>.allocate(capacity: 1)
        private let end: (UnsafeMutablePointer<z_stream>) -> Int32
        private var room = [UInt8](repeating: 0, count: 64 << 10)

        init(
            begin: (UnsafeMutablePointer<z_stream>) -> Int32, end: @escaping (UnsafeMutablePointer<z_stream>) -> Int32
        ) throws(BrokerError) {
            stream.initialize(to: z_stream())
            self.end = end
            if begin(stream) != Z_OK { throw Compression.outOfMemory("gzip") }
        }

        deinit {
            _ = end(stream)
            stream.deallocate()
        }

        /// Calls zlib as often as its output needs, up to `limit` bytes of it; `go` is the call. `isFull`: there is more.
        func run(
            _ input: ArraySlice<UInt8>, into output: inout [UInt8], limit: Int = .max,
            _ go: (UnsafeMutablePointer<z_stream>) -> Int32
        ) -> (code: Int32, used: Int, isFull: Bool) {
            var (code, written, isFull) = (Z_OK, 0, false)
            let used = input.withUnsafeBufferPointer { input in
                // zlib reads through this pointer and never writes.
                stream.pointee.next_in = UnsafeMutablePointer(mutating: input.baseAddress)
                stream.pointee.avail_in = UInt32(clamping: input.count)
                repeat {
                    let count = room.withUnsafeMutableBufferPointer { room in
                        stream.pointee.next_out = room.baseAddress
                        stream.pointee.avail_out = UInt32(room.count)
                        code = go(stream)
                        return room.count - Int(stream.pointee.avail_out)
                    }
                    output += room.prefix(count)
                    written += count
                    isFull = stream.pointee.avail_out == 0
                } while code == Z_OK && isFull && written < limit
                return input.count - Int(stream.pointee.avail_in)
            }
            stream.pointee.next_in = nil
            return (code, used, isFull && code == Z_OK)
        }
    }

    final class GzipCompressor: Compressing {
        private let state: GzipStream
        private var hasBegun = false

        init() throws(BrokerError) {
            state = try GzipStream(begin: { CZlib_begin_deflate($0) }, end: { deflateEnd($0) })
        }

        func compress(_ bytes: [UInt8]) throws(BrokerError) -> [UInt8] {
            var output: [UInt8] = []
            if bytes.isEmpty { return output }
            hasBegun = true
            let (code, _, _) = state.run(bytes[...], into: &output) { deflate($0, Z_NO_FLUSH) }
            if code != Z_OK, code != Z_BUF_ERROR { throw Compression.broken("gzip", "code \(code)") }
            return output
        }

        func finishPart() throws(BrokerError) -> [UInt8] {
            var output: [UInt8] = []
            if !hasBegun { return output }
            hasBegun = false
            let (code, _, _) = state.run([], into: &output) { deflate($0, Z_FINISH) }
            if code != Z_STREAM_END || deflateReset(state.stream) != Z_OK {
                throw Compression.broken("gzip", "code \(code)")
            }
            return output
        }
    }

    final class GzipDecompressor: Decompressing {
        private let state: GzipStream
        private(set) var isBetweenParts = true
        private(set) var hasMore = false
        private(set) var wholePartsEnd = 0
        private var taken = 0

        init() throws(BrokerError) {
            state = try GzipStream(begin: { CZlib_begin_inflate($0) }, end: { inflateEnd($0) })
        }

        func decompress(
            _ bytes: ArraySlice<UInt8>, into output: inout [UInt8], limit: Int
        ) throws(BrokerError) -> Int {
            var rest = bytes
            let target = output.count + limit
            while !rest.isEmpty || hasMore, output.count < target {
                isBetweenParts = false
                let (code, used, isFull) = state.run(rest, into: &output, limit: target - output.count) {
                    inflate($0, Z_NO_FLUSH)
                }
                rest = rest.dropFirst(used)
                taken += used
                hasMore = isFull
                switch code {
                case Z_STREAM_END:
                    if inflateReset(state.stream) != Z_OK { throw Compression.broken("gzip", "it cannot go on") }
                    isBetweenParts = true
                    wholePartsEnd = taken
                case Z_OK: break
                // Nothing to do: what it had was given out to the last byte.
                case Z_BUF_ERROR where rest.isEmpty: break
                default:
                    let why = state.stream.pointee.msg.map { String(cString: $0) } ?? "code \(code)"
                    throw Compression.broken("gzip", why)
                }
            }
            return bytes.count - rest.count
        }
    }
#endif
