#if EventLoop
    import EventLoop
    import Foundation
    import Messaging

    /// Where a server process lives: the same for all its starts.
    public struct ServerPlace: Sendable {
        /// `127.0.0.1`.
        public let host = "127.0.0.1"
        /// The ports, each free when the place was made.
        public let ports: [Int]
        /// A folder of its own, kept between starts and removed at the end.
        public let directory: String
        private let loop: EventLoop

        /// The first port; 0 where it has none.
        public var port: Int { ports.first ?? 0 }

        init(_ program: ServerProgram, on loop: EventLoop) throws {
            self.loop = loop
            do throws(StreamError) {
                // All at once, so that they differ.
                var listeners: [StreamListener] = []
                for _ in 0..<max(0, program.ports) { listeners.append(try StreamListener(on: loop)) }
                ports = listeners.map(\.port)
            } catch {
                throw BrokerError(.unavailable, error.sentence)
            }
            let name = "\(program.name)-\(UUID().uuidString)"
            directory = FileManager.default.temporaryDirectory.appendingPathComponent(name).path
        }

        /// Whether the first port, or another, can be connected to.
        public func answers(_ port: Int? = nil) async -> Bool {
            do {
                let stream = try await ByteStream.connect(
                    to: host, port: port ?? self.port, within: .seconds(1), on: loop)
                await stream.close()
                return true
            } catch {
                return false
            }
        }
    }
#endif
