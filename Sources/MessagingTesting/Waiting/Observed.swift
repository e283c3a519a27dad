public import Messaging

/// A value that can be changed from anywhere and waited on: a test waits for a condition, never for luck.
public final class Observed<Value: Sendable>: Sendable {
    private struct Watch: Sendable {
        let condition: @Sendable (Value) -> Bool
        let waiter: Waiter<Value>
    }

    private struct State: Sendable {
        var value: Value
        var watches: [UInt64: Watch] = [:]
        var count: UInt64 = 0
    }

    private let state: Lock<State>
    private let time: any TimeSource

    /// This value, with waits measured on `time`. Default: the machine's clock.
    public init(_ value: Value, on time: any TimeSource = SystemTime.shared) {
        state = Lock(State(value: value))
        self.time = time
    }

    /// The value as it is now.
    public var value: Value { state.withLock { $0.value } }

    /// Changes the value and wakes those whose condition now holds.
    @discardableResult public func change<Result: Sendable>(_ edit: (inout Value) -> Result) -> Result {
        let (result, value, woken) = state.withLock { state in
            let result = edit(&state.value)
            let value = state.value
            let due = state.watches.filter { $0.value.condition(value) }
            for number in due.keys { state.watches[number] = nil }
            return (result, value, due.values.map(\.waiter))
        }
        for waiter in woken { waiter.resolve(value) }
        return result
    }

    /// The first value for which the condition holds; nil when there was none within `limit`, or the task was
    /// cancelled. The condition is asked under a lock: it must be quick and touch nothing else.
    public func first(
        within limit: Duration, where condition: @escaping @Sendable (Value) -> Bool
    ) async -> Value? {
        let waiter = Waiter<Value>()
        let number: UInt64? = state.withLock { state in
            if condition(state.value) {
                waiter.resolve(state.value)
                return nil
            }
            state.count += 1
            state.watches[state.count] = Watch(condition: condition, waiter: waiter)
            return state.count
        }
        let outcome = await waiter.wait(atMost: limit, on: time)
        if let number { state.withLock { $0.watches[number] = nil } }
        if case .value(let value) = outcome { return value }
        return nil
    }
}
