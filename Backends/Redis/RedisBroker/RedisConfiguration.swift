public import Messaging

/// The options of Redis.
public struct RedisConfiguration: Sendable {
}
