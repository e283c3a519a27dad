package import Messaging

/// A broker that has no requests of its own.
package final class WithoutRequests: BrokerDecorator {
    package let base: any MessageBroker

    package init(_ base: any MessageBroker) { self.base = base }

    package var requests: (any Requesting)? { nil }
}
