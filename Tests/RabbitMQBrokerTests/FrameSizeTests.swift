#if RabbitMQ
    import CRabbitMQ
    import Messaging
    import Testing

    @testable import RabbitMQBroker

    /// Frames as large as client and server have agreed on, and no larger.
    @Suite("The size of frames") struct FrameSizeTests {
        private let body = Body((0..<10_000).map { UInt8(truncatingIfNeeded: $0) })

        private func frames(of size: Int, _ body: Body, headers: Int = 1) -> [UInt8]? {
            var writer = FrameWriter(frameSize: size)
            var properties = amqp_basic_properties_t()
            properties._flags = UInt32(AMQP_BASIC_HEADERS_FLAG)
            properties.headers = writer.arena.table([("name", .text(String(repeating: "x", count: headers)))])
            guard PublishRoute(key: "queue").frame(on: 1).map({ writer.append($0) }) != nil,
                writer.content(properties, body, on: 1)
            else { return nil }
            return writer.take()
        }

        /// The sizes of frames one behind the other, as they say themselves.
        private func sizes(_ frames: [UInt8]) -> [Int] {
            var (sizes, start) = ([Int](), 0)
            while start + 8 <= frames.count {
                let size = frames[(start + 3)..<(start + 7)].reduce(0) { $0 << 8 | Int($1) } + 8
                #expect(start + size <= frames.count && frames[start + size - 1] == 0xCE)
                sizes.append(size)
                start += size
            }
            #expect(start == frames.count)
            return sizes
        }

        @Test(
            "A body is split so that no frame is larger than agreed, whatever its length",
            arguments: [0, 1, 4_088, 4_089])
        func split(_ count: Int) throws {
            let split = try #require(frames(of: 4_096, Body([UInt8](repeating: 7, count: count))))
            #expect(sizes(split).allSatisfy { $0 <= 4_096 })
            #expect(sizes(split).count == 2 + (count + 4_087) / 4_088)
        }

        @Test("What was made for larger frames is split again where the next server allows less")
        func splitAgain() throws {
            let (large, small) = (try #require(frames(of: 131_072, body)), try #require(frames(of: 4_096, body)))
            #expect(sizes(large).count == 3 && sizes(small).count == 5)
            var writer = FrameWriter(frameSize: 4_096)
            let fits = writer.append(splitting: large + large)
            let again = writer.take()
            #expect(fits && again == small + small)
        }

        @Test("Headers are not split: what does not fit is not written") func headers() throws {
            #expect(frames(of: 4_096, body, headers: 4_100) == nil)
            let large = try #require(frames(of: 8_192, body, headers: 4_100))
            var writer = FrameWriter(frameSize: 4_096)
            let fits = writer.append(splitting: large)
            #expect(!fits)
        }
    }
#endif
