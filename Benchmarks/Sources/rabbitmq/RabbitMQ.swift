import CRabbitMQTwin
import Dispatch
import Glibc
import Messaging
import RabbitMQBroker

/// One run of RabbitMQ against a server, by the backend or by its twin in C, both over the queue that the backend declares,
/// with the same properties and bodies.
///
/// `rabbitmq swift|c WORK BYTES COUNT PORT` runs once and prints messages a second, CPU microseconds and system calls of a
/// message (all threads of the client; `-` without COUNT_CALLS=1 or where the kernel does not tell), and where there are
/// round trips the microseconds of the median and of the 99th percentile. Works:
/// `publish` (calls of 100 messages, 10 at once), `single` (calls of one, 1,000 at once), `unconfirmed` (as publish, without
/// confirmations), `consume`, `both` (publish and consume at once) and `roundtrip` (publish, receive and accept, one
/// message after the other).
@main struct RabbitMQ {
    static func main() {
        let words = Array(CommandLine.arguments.dropFirst())
        let done = DispatchSemaphore(value: 0)
        // The main thread waits: it is no part of what is measured.
        Task.detached {
            do {
                print(try await Run(words).result())
            } catch {
                let sentence = Array("rabbitmq: \(error)\n".utf8)
                write(2, sentence, sentence.count)
                exit(1)
            }
            done.signal()
        }
        done.wait()
    }
}

/// Why there is no result.
struct Failure: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}

/// What was asked for.
struct Run: Sendable {
    enum Work: String, Sendable { case publish, single, unconfirmed, consume, both, roundtrip }

    let isTwin: Bool
    let work: Work
    let bytes: Int
    let count: Int
    let port: Int
    static let queue = Destination.queue("bench.orders")
    /// How many messages may be on their way.
    static let window = 1_000
    /// How many of them are of one call.
    static let batch = 100

    init(_ words: [String]) throws {
        guard words.count == 5, ["c", "swift"].contains(words[0]), let work = Work(rawValue: words[1]),
            let bytes = Int(words[2]), let count = Int(words[3]), count > 0, let port = Int(words[4])
        else { throw Failure("swift|c WORK BYTES COUNT PORT") }
        isTwin = words[0] == "c"
        self.work = work
        self.bytes = bytes
        self.count = count / Self.window * Self.window
        self.port = port
    }

    /// Prepares the queue, measures, and checks that nothing was lost.
    func result() async throws -> String {
        try await prepare()
        let counter = getenv("COUNT_CALLS") == nil ? -1 : twin_count_calls()
        let outcome = try await isTwin ? Twin(self, counter).outcome() : Wrapper(self, counter).outcome()
        try await clear(expecting: [.publish, .single, .unconfirmed].contains(work) ? count : 0)
        return outcome.line(for: count, counts: counter >= 0)
    }

    func broker(confirms: Bool = true) async throws -> RabbitMQBroker {
        var configuration = RabbitMQConfiguration()
        configuration.host = "127.0.0.1"
        configuration.port = port
        configuration.publisherConfirm = confirms
        let broker = RabbitMQBroker(configuration)
        try await broker.connect { _ in }
        return broker
    }

    /// Messages that are ready, each with a body of its own.
    func messages() -> [Message] {
        (0..<Self.window).map { _ in
            let id = MessageID()
            return Message(
                Body([UInt8](repeating: 7, count: bytes)), type: "order.created", id: id, timestamp: id.timestamp)
        }
    }

    /// An empty queue, or one that is full of what is to be consumed.
    private func prepare() async throws {
        let broker = try await broker()
        try await broker.declare([DestinationDeclaration(Self.queue)])
        _ = try await broker.topology?.purge(Self.queue)
        if work == .consume {
            let messages = messages()
            for _ in 0..<(count / messages.count) {
                _ = try await broker.publish(messages, to: Self.queue, options: PublishOptions())
            }
        }
        await broker.close(within: .seconds(10))
    }

    private func clear(expecting expected: Int) async throws {
        let broker = try await broker()
        var depth = -1
        for _ in 0..<500 where depth != expected {
            depth = try await broker.topology?.depth(of: Self.queue, group: nil).waiting ?? 0
            if depth != expected { try await Task.sleep(for: .milliseconds(20)) }
        }
        if depth != expected { throw Failure("\(work): the queue has \(depth) messages, not \(expected)") }
        _ = try await broker.topology?.purge(Self.queue)
        await broker.close(within: .seconds(10))
    }
}
