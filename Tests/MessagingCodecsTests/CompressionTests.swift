import Messaging
import MessagingCodecs
import Testing

@Suite struct CompressionTests {
    @Test(arguments: [("a.ndjson.gz", Compression?.some(.gzip)), ("b.zst", .zstd), ("c.ndjson", nil), (".gzip", nil)])
    func aNameSaysByItsEndHowAFileIsCompressed(_ path: String, _ expected: Compression?) {
        #expect(Compression(path: path) == expected)
    }

    #if Compression
        /// 300 KB that hardly compress, and 300 KB that do.
        private static let bytes: [UInt8] = {
            var state: UInt64 = 7
            let noise = (0..<300_000).map { _ in
                state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
                return UInt8(truncatingIfNeeded: state >> 33)
            }
            return noise + Array(repeating: UInt8(ascii: "a"), count: 300_000)
        }()

        @Test(arguments: Compression.allCases, [1, 7, 4096, 700_000])
        func whatWasCompressedInPartsComesBackWhateverThePieces(_ compression: Compression, _ size: Int) throws {
            let compressor = try compression.compressor()
            var packed = try compressor.compress(Array(Self.bytes.prefix(400_000))) + compressor.finishPart()
            let firstPart = packed.count
            #expect(try compressor.finishPart().isEmpty)
            packed += try compressor.compress(Array(Self.bytes.dropFirst(400_000))) + compressor.finishPart()
            #expect(packed.count < Self.bytes.count)

            let decompressor = try compression.decompressor()
            var (unpacked, rest) = ([UInt8](), packed[...])
            while !rest.isEmpty {
                unpacked += try decompressor.decompress(Array(rest.prefix(size)))
                rest = rest.dropFirst(size)
            }
            #expect(unpacked == Self.bytes)
            #expect(decompressor.isBetweenParts && decompressor.wholePartsEnd == packed.count)

            let torn = try compression.decompressor()
            _ = try torn.decompress(Array(packed.dropLast(3)))
            #expect(!torn.isBetweenParts && torn.wholePartsEnd == firstPart)
        }

        @Test(arguments: Compression.allCases)
        func aLittleThatHoldsMuchComesOutAPieceAtATime(_ compression: Compression) throws {
            let compressor = try compression.compressor()
            let much = [UInt8](repeating: 7, count: 20 << 20)
            let packed = try compressor.compress(much) + compressor.finishPart()
            let decompressor = try compression.decompressor()
            var (count, rest) = (0, packed[...])
            while !rest.isEmpty || decompressor.hasMore {
                var output: [UInt8] = []
                rest = rest.dropFirst(try decompressor.decompress(rest, into: &output, limit: 1 << 20))
                #expect(output.count <= (1 << 20) + (128 << 10))
                count += output.count
            }
            #expect(count == much.count && decompressor.isBetweenParts)
        }

        @Test(arguments: Compression.allCases)
        func whatCameBeforeTheDamageIsThere(_ compression: Compression) throws {
            let compressor = try compression.compressor()
            let packed = try compressor.compress([1, 2, 3]) + compressor.finishPart() + Array("garbage".utf8)
            let decompressor = try compression.decompressor()
            var output: [UInt8] = []
            #expect(throws: BrokerError.self) {
                var rest = packed[...]
                while !rest.isEmpty {
                    rest = rest.dropFirst(try decompressor.decompress(rest, into: &output, limit: 1 << 20))
                }
            }
            #expect(output == [1, 2, 3])
        }

        @Test(arguments: Compression.allCases)
        func whatIsDamagedIsRefused(_ compression: Compression) throws {
            let compressor = try compression.compressor()
            var packed = try compressor.compress(Self.bytes) + compressor.finishPart()
            packed[packed.count / 2] ^= 0xFF
            #expect(throws: BrokerError.self) { _ = try compression.decompressor().decompress(packed) }
            #expect(throws: BrokerError.self) {
                _ = try compression.decompressor().decompress(Array("no".utf8) + packed)
            }
        }
    #else
        @Test(arguments: Compression.allCases) func aBuildWithoutItSaysSo(_ compression: Compression) {
            let error = #expect(throws: BrokerError.self) { try compression.decompressor() }
            #expect(error?.sentence.contains("trait Compression") == true)
        }
    #endif
}
