#if Compression
    import CZstd
    import Messaging

    final class ZstdCompressor: Compressing {
        private let context: OpaquePointer
        private var hasBegun = false

        init() throws(BrokerError) {
            guard let context = ZSTD_createCCtx() else { throw Compression.outOfMemory("zstd") }
            self.context = context
            // A damaged frame is told from a whole one.
            _ = ZSTD_CCtx_setParameter(context, ZSTD_c_checksumFlag, 1)
        }

        deinit { ZSTD_freeCCtx(context) }

        func compress(_ bytes: [UInt8]) throws(BrokerError) -> [UInt8] {
            if bytes.isEmpty { return [] }
            hasBegun = true
            return try run(bytes, ZSTD_e_continue)
        }

        func finishPart() throws(BrokerError) -> [UInt8] {
            if !hasBegun { return [] }
            hasBegun = false
            return try run([], ZSTD_e_end)
        }

        private func run(_ bytes: [UInt8], _ how: ZSTD_EndDirective) throws(BrokerError) -> [UInt8] {
            var (output, room) = ([UInt8](), [UInt8](repeating: 0, count: 64 << 10))
            var input = ZSTD_inBuffer(src: nil, size: bytes.count, pos: 0)
            var left = 0
            repeat {
                let written = bytes.withUnsafeBytes { bytes in
                    room.withUnsafeMutableBytes { room in
                        input.src = bytes.baseAddress
                        var out = ZSTD_outBuffer(dst: room.baseAddress, size: room.count, pos: 0)
                        left = ZSTD_compressStream2(context, &out, &input, how)
                        return out.pos
                    }
                }
                if ZSTD_isError(left) != 0 {
                    throw Compression.broken("zstd", String(cString: ZSTD_getErrorName(left)))
                }
                output += room.prefix(written)
            } while how == ZSTD_e_end ? left != 0 : input.pos < input.size
            return output
        }
    }

    final class ZstdDecompressor: Decompressing {
        private let context: OpaquePointer
        private var room = [UInt8](repeating: 0, count: 64 << 10)
        private(set) var isBetweenParts = true
        private(set) var hasMore = false
        private(set) var wholePartsEnd = 0
        private var taken = 0

        init() throws(BrokerError) {
            guard let context = ZSTD_createDCtx() else { throw Compression.outOfMemory("zstd") }
            self.context = context
        }

        deinit { ZSTD_freeDCtx(context) }

        func decompress(
            _ bytes: ArraySlice<UInt8>, into output: inout [UInt8], limit: Int
        ) throws(BrokerError) -> Int {
            var input = ZSTD_inBuffer(src: nil, size: bytes.count, pos: 0)
            let target = output.count + limit
            while input.pos < input.size || hasMore, output.count < target {
                let before = input.pos
                var hint = 0
                let written = bytes.withUnsafeBytes { bytes in
                    room.withUnsafeMutableBytes { room in
                        input.src = bytes.baseAddress
                        var out = ZSTD_outBuffer(dst: room.baseAddress, size: room.count, pos: 0)
                        hint = ZSTD_decompressStream(context, &out, &input)
                        return out.pos
                    }
                }
                if ZSTD_isError(hint) != 0 {
                    throw Compression.broken("zstd", String(cString: ZSTD_getErrorName(hint)))
                }
                output += room.prefix(written)
                taken += input.pos - before
                hasMore = hint != 0 && written == room.count
                isBetweenParts = hint == 0
                if hint == 0 { wholePartsEnd = taken }
            }
            return input.pos
        }
    }
#endif
