import Messaging

/// Memory between what different threads write: on one cache line a third of the rate went to the line's way to and fro.
/// Two lines, because processors fetch them in pairs.
struct CacheLines: BitwiseCopyable, Sendable {
    private let bytes = InlineArray<16, UInt64>(repeating: 0)
}

/// Where publishers put messages of the common kind for a queue, under a lock of its own: they need not wait for whoever
/// has the server's, and that takes over what is here all at once.
///
/// The server's lock is taken before this one, never after it.
final class Intake: Sendable {
    /// What became of messages that were offered.
    struct Answer: Sendable {
        /// How many were taken. For the others there is no room that is known here: the server decides.
        var taken: Int
        /// Whether a consumer may wait for them; the server tells it.
        var isAwaited: Bool
    }

    struct State: Sendable {
        var backlog = Backlog()
        /// How many messages and bytes may be taken on without a look at the queue.
        var room = 0
        var roomBytes = 0
        var lastOrder: UInt64 = 0
        var isAwaited = false

        /// Sets room aside for a message of this size; nil: there is none.
        mutating func reserve(_ size: Int) -> Backlog.Tag? {
            guard room > 0, roomBytes >= size else { return nil }
            room &-= 1
            roomBytes &-= size
            lastOrder &+= 1
            return Backlog.Tag(order: lastOrder, size: size)
        }

        /// Takes messages in their order, up to the first that is not of the common kind or that does not fit; how many.
        mutating func take(_ messages: [Message], from first: Int, within limits: BrokerLimits) -> Int {
            var index = first
            while index < messages.count {
                let message = messages[index]
                guard let size = limits.plainSize(of: message), let tag = reserve(size) else { break }
                backlog.append(consume message, tag)
                index &+= 1
            }
            return index &- first
        }
    }

    private let before = CacheLines()
    let state = Lock(State())
    private let after = CacheLines()

    func offer(_ message: Message, size: Int) -> Answer {
        state.withLock { state in
            guard let tag = state.reserve(size) else { return Answer(taken: 0, isAwaited: false) }
            state.backlog.append(message, tag)
            return Answer(taken: 1, isAwaited: state.isAwaited)
        }
    }

    /// Takes messages in their order, up to the first that is not of the common kind or for which there is no room.
    func offer(_ messages: [Message], from first: Int = 0, within limits: BrokerLimits) -> Answer {
        state.withLock { state in
            let taken = state.take(messages, from: first, within: limits)
            return Answer(taken: taken, isAwaited: taken > 0 && state.isAwaited)
        }
    }
}

extension Inbox {
    private var hasIntake: Bool { stream == nil && !hasPriorities && retention == nil && !isVacant }

    /// Takes over what has come in and closes the intake: what follows has the inbox for itself.
    mutating func closeIntake() {
        if !hasIntake { return }
        intake.state.withLock { state in
            state.room = 0
            lastOrder = max(state.lastOrder, lastOrder)
            backlog.takeOver(&state.backlog)
        }
    }

    /// Closes the intake, and takes over what has come in if so many messages of this size together still fit then.
    mutating func closeIntake(toFit size: Int, count: Int) -> Bool {
        if !hasIntake { return hasRoom(for: size, count: count) }
        return intake.state.withLock { state in
            state.room = 0
            let all = self.count &+ state.backlog.count
            guard all &+ count <= maximumMessages,
                bytes &+ state.backlog.bytes &+ size <= maximumBytes || all == 0 && count == 1
            else { return false }
            lastOrder = max(state.lastOrder, lastOrder)
            backlog.takeOver(&state.backlog)
            return true
        }
    }

    /// Opens the intake for as much as there is room for; whether a message of this size would fit.
    @discardableResult
    mutating func openIntake(toFit size: Int = 0, receiving: Bool = false) -> Bool {
        if !hasIntake { return false }
        return intake.state.withLock { state in
            // What has come in is taken over where nothing older is left, and somebody is there to have it.
            if receiving, backlog.isEmpty { backlog.takeOver(&state.backlog) }
            grantRoom(&state)
            return state.room > 0 && state.roomBytes >= size
        }
    }

    /// Opens the intake for as much as there is room for by now, unless a publisher is just at it: that has room then.
    func widenIntake() {
        if hasIntake { _ = intake.state.withLockIfAvailable { grantRoom(&$0) } }
    }

    private func grantRoom(_ state: inout Intake.State) {
        state.lastOrder = max(state.lastOrder, lastOrder)
        state.room = maximumMessages &- count &- state.backlog.count
        state.roomBytes = maximumBytes &- bytes &- state.backlog.bytes
    }

    /// Asks publishers to say when a message has come in, or takes over what has come already: how many came.
    mutating func awaitArrival() -> Int {
        if !hasIntake { return 0 }
        return intake.state.withLock { state in
            let count = state.backlog.count
            state.isAwaited = true
            backlog.takeOver(&state.backlog)
            return count
        }
    }

    /// Takes over what has come in for those who wait; for how many of them there is something.
    mutating func takeAwaited() -> Int {
        if !hasIntake { return 0 }
        return intake.state.withLock { state in
            backlog.takeOver(&state.backlog)
            // In an inbox that keeps order, those who wait may not be those whose turn it is.
            state.isAwaited = idle > readyCount || isOrdered && idle > 0
            return readyCount
        }
    }
}
