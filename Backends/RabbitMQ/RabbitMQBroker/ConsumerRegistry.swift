#if RabbitMQ
    import Messaging

    /// The consumers of a broker: those that live, and those that have ended by themselves and that somebody still has.
    final class ConsumerRegistry: Sendable {
        private struct State: Sendable {
            var live: [ObjectIdentifier: ConsumerChannel] = [:]
            var failed: Set<ObjectIdentifier> = []
        }

        private let state = Lock(State())

        func add(_ channel: ConsumerChannel) { state.withLock { $0.live[ObjectIdentifier(channel)] = channel } }

        /// It was let go of, or ended because it was asked to.
        func forget(_ channel: ConsumerChannel) {
            state.withLock { state in
                state.live[ObjectIdentifier(channel)] = nil
                state.failed.remove(ObjectIdentifier(channel))
            }
        }

        /// It has ended by itself.
        func fail(_ channel: ConsumerChannel) {
            state.withLock { state in
                if state.live.removeValue(forKey: ObjectIdentifier(channel)) != nil {
                    state.failed.insert(ObjectIdentifier(channel))
                }
            }
        }

        var all: [ConsumerChannel] { state.withLock { Array($0.live.values) } }
        /// Whether one has ended by itself, and nobody has let go of it.
        var hasFailed: Bool { state.withLock { !$0.failed.isEmpty } }
    }
#endif
