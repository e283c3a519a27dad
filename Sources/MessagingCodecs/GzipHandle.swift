#if Compression
    import CZlib
    import Messaging

    /// The state of zlib for one direction; freed with the object.
    private final class GzipStream {
        let stream = UnsafeMutablePointer<z_stream>.allocate(capacity: 1)
        private let end: (UnsafeMutablePointer<z_stream>) -> Int32

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

        /// One call of zlib over all of the input, as often as its output needs; `go` is the call.
        func run(
            _ input: ArraySlice<UInt8>, into output: inout [UInt8], _ go: (UnsafeMutablePointer<z_stream>) -> Int32
        ) -> (code: Int32, used: Int) {
            var room = [UInt8](repeating: 0, count: 64 << 10)
            var input = Array(input)
            var code = Z_OK
            let used = input.withUnsafeMutableBufferPointer { input in
                stream.pointee.next_in = input.baseAddress
                stream.pointee.avail_in = UInt32(clamping: input.count)
                repeat {
                    let written = room.withUnsafeMutableBufferPointer { room in
                        stream.pointee.next_out = room.baseAddress
                        stream.pointee.avail_out = UInt32(room.count)
                        code = go(stream)
                        return room.count - Int(stream.pointee.avail_out)
                    }
                    output += room.prefix(written)
                } while code == Z_OK && stream.pointee.avail_out == 0
                return input.count - Int(stream.pointee.avail_in)
            }
            stream.pointee.next_in = nil
            return (code, used)
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
            let (code, _) = state.run(bytes[...], into: &output) { deflate($0, Z_NO_FLUSH) }
            if code != Z_OK, code != Z_BUF_ERROR { throw Compression.broken("gzip", "code \(code)") }
            return output
        }

        func finishPart() throws(BrokerError) -> [UInt8] {
            var output: [UInt8] = []
            if !hasBegun { return output }
            hasBegun = false
            let (code, _) = state.run([], into: &output) { deflate($0, Z_FINISH) }
            if code != Z_STREAM_END || deflateReset(state.stream) != Z_OK {
                throw Compression.broken("gzip", "code \(code)")
            }
            return output
        }
    }

    final class GzipDecompressor: Decompressing {
        private let state: GzipStream
        private(set) var isBetweenParts = true
        private(set) var wholePartsEnd = 0
        private var taken = 0

        init() throws(BrokerError) {
            state = try GzipStream(begin: { CZlib_begin_inflate($0) }, end: { inflateEnd($0) })
        }

        func decompress(_ bytes: [UInt8]) throws(BrokerError) -> [UInt8] {
            var output: [UInt8] = []
            var rest = bytes[...]
            while !rest.isEmpty {
                isBetweenParts = false
                let (code, used) = state.run(rest, into: &output) { inflate($0, Z_NO_FLUSH) }
                rest = rest.dropFirst(used)
                taken += used
                switch code {
                case Z_STREAM_END:
                    if inflateReset(state.stream) != Z_OK { throw Compression.broken("gzip", "it cannot go on") }
                    isBetweenParts = true
                    wholePartsEnd = taken
                case Z_OK, Z_BUF_ERROR:
                    if used == 0, !rest.isEmpty { throw Compression.broken("gzip", "code \(code)") }
                default:
                    throw Compression.broken(
                        "gzip", state.stream.pointee.msg.map { String(cString: $0) } ?? "code \(code)")
                }
            }
            return output
        }
    }
#endif
