package import Messaging

/// What a pair is made of, of which one broker stands in for the other.
package struct FallbackParts: Sendable {
    /// The broker of the route.
    package var primary: any MessageBroker
    /// The one that stands in.
    package var fallback: any MessageBroker
    /// Called when the one that stands in is there, for the first time or again.
    package var standsIn: @Sendable () -> Void
    /// Told of each change once.
    package var changed: @Sendable (FailoverBroker.Use) -> Void

    /// The two as one.
    func broker(named name: BrokerName, on time: any TimeSource) -> FailoverBroker {
        FailoverBroker(primary, fallback: fallback, named: name, on: time, standsIn: standsIn, changed: changed)
    }
}
