import Foundation
import Messaging
import MessagingTesting

@testable import InMemoryBroker

/// What a flaw does not let go of, as long as the run lasts.
final class Kept<Key: Hashable & Sendable, Value: Sendable>: Sendable {
    private let named = Observed<[Key: Value]>([:])
    private let others = Observed(RingBuffer<Value>())

    func has(_ key: Key) -> Bool { named.change { $0[key] != nil } }
    func keep(_ value: Value, for key: Key) { named.change { $0[key] = value } }

    func letGo() { others.change { $0 = RingBuffer() } }

    /// Keeps the last so many.
    func keep(_ value: Value, atMost limit: Int = .max) {
        others.change { others in
            if others.count >= limit { _ = others.popFirst() }
            others.append(value)
        }
    }
}

/// Memory that is in use: pages of its own, since an allocator may give what others have let go of.
final class Ballast: Sendable {
    private let address: UInt
    private let bytes: Int

    init(bytes: Int) {
        self.bytes = bytes
        let memory = mmap(nil, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
        memory?.initializeMemory(as: UInt8.self, repeating: 1, count: bytes)
        address = UInt(bitPattern: memory)
    }

    deinit { munmap(UnsafeMutableRawPointer(bitPattern: address), bytes) }
}

/// A socket that is open.
final class OpenSocket: Sendable {
    private let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)

    deinit { close(descriptor) }
}

/// A thread that waits.
final class IdleThread: Sendable {
    private let isOver = DispatchSemaphore(value: 0)

    init() {
        let isOver = isOver
        Thread { isOver.wait() }.start()
    }

    deinit { isOver.signal() }
}

extension MessageBroker {
    /// Another connection to the same in-memory server; nil where there is none.
    func another() async -> (any MessageBroker)? {
        guard let memory = self as? InMemoryBroker else { return nil }
        let broker = InMemoryBroker(memory.server)
        try? await broker.connect { _ in }
        return broker
    }
}
